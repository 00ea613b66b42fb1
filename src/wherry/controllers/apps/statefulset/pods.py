"""Carries single actions of a StatefulSet's plan out, with the Events upstream emits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.types.apps_v1 import StatefulSet
from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod
from wherry.client import Informer, Key
from wherry.controllers.apps.statefulset.claims import (
    Member,
    claim_names,
    is_disputed,
    needs_new_owners,
    new_claims,
    new_owners,
)
from wherry.controllers.apps.statefulset.identity import (
    has_storage,
    identity_labels,
    new_pod,
    volumes_for,
)
from wherry.controllers.apps.statefulset.plan import Action, Verb
from wherry.controllers.documents import plain
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.reconcile.controller import Deps
from wherry.reconcile.expectations import Expectations


class ClaimError(Exception):
    """A claim could not be made, or is on its way out."""


class Actor(Struct, frozen=True):
    """Acts for one StatefulSet in one pass."""

    deps: Deps
    stateful_set: StatefulSet
    templates: Mapping[str, Obj]
    """Pod templates by the names of their revisions."""
    claims: Informer[PersistentVolumeClaim]
    expected: Expectations[str]

    async def act(self, action: Action) -> None:
        if action.verb is Verb.CREATE:
            await self._reported("create", action.member, partial(self._create, action))
        elif action.pod is None:
            raise ValueError(f"{action.verb} needs a Pod")
        elif action.verb is Verb.DELETE:
            await self._reported("delete", action.member, partial(self._delete, action.pod))
        elif action.verb is Verb.MEND:
            await self._reported("update", action.member, partial(self._mend, action.member, action.pod))
        elif action.verb is Verb.CLAIM:
            await self._make_claims(action.member)
            await self._hand_over(action.member)
        else:
            await self._hand_over(action.member)

    def find_claim(self, name: str) -> PersistentVolumeClaim | None:
        return self.claims.get(Key(self.stateful_set.metadata.namespace, name))

    async def _create(self, action: Action) -> bool:
        member, namespace = action.member, self.stateful_set.metadata.namespace
        await self._make_claims(member)
        pod = new_pod(self.stateful_set, self.templates[action.revision], member.ordinal, action.revision)
        created = await self.deps.client.create(PODS, pod, namespace)
        metadata = created["metadata"]
        self.expected.created(self.stateful_set.metadata.uid, Key(namespace, metadata["name"]), metadata["uid"])
        await self._hand_over(member)
        return True

    async def _delete(self, pod: Pod) -> bool:
        metadata = pod.metadata
        try:
            await self.deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid)
        except errors.NotFound:
            return False
        self.expected.deleted(self.stateful_set.metadata.uid, Key(metadata.namespace, metadata.name), metadata.uid)
        return True

    async def _mend(self, member: Member, pod: Pod) -> bool:
        """Give the Pod its identity back. Its volumes cannot change, which is then the API's to say."""
        patch: Obj = {}
        if not has_storage(self.stateful_set, pod):
            await self._make_claims(member)
            volumes = [plain(volume) for volume in pod.spec.volumes]
            patch["spec"] = {"volumes": volumes_for(self.stateful_set, volumes, member.ordinal)}
        await self._hand_over(member)
        labels = identity_labels(pod.metadata.name, member.ordinal)
        if not labels.items() <= pod.metadata.labels.items():
            patch["metadata"] = {"labels": labels}
        if patch:
            await self.deps.client.patch(PODS, pod.metadata.name, patch, pod.metadata.namespace)
        return True

    async def _make_claims(self, member: Member) -> None:
        """Make the claims that are missing; all are tried before the first failure is raised."""
        faults: list[str] = []
        for name, claim in new_claims(self.stateful_set, member).items():
            found = self.find_claim(name)
            if found is None:
                faults += await self._make_claim(member, name, claim)
            elif found.metadata.deletion_timestamp is not None:
                faults.append(f"pvc {name} is being deleted")
        if faults:
            raise ClaimError(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")

    async def _make_claim(self, member: Member, name: str, claim: Obj) -> list[str]:
        what = f"create Claim {name}"
        pod, owner = member.metadata.name, self.stateful_set.metadata.name
        try:
            await self.deps.client.create(PERSISTENTVOLUMECLAIMS, claim, self.stateful_set.metadata.namespace)
        except errors.AlreadyExists as error:
            return [f"failed to create PVC {name}: {error.message}"]
        except errors.ApiError as error:
            message = f"{what} for Pod {pod} in StatefulSet {owner} failed error: {error.message}"
            self.deps.events.event(self.stateful_set, "Warning", "FailedCreate", message)
            return [f"failed to create PVC {name}: {error.message}"]
        message = f"{what} Pod {pod} in StatefulSet {owner} success"
        self.deps.events.event(self.stateful_set, "Normal", "SuccessfulCreate", message)
        return []

    async def _hand_over(self, member: Member) -> None:
        """Bring the owners of the member's claims up to date."""
        for name in claim_names(self.stateful_set, member.ordinal):
            claim = self.find_claim(name)
            if claim is None or not needs_new_owners(claim, self.stateful_set, member):
                continue
            if is_disputed(claim, self.stateful_set, member):
                message = (  # spelled as upstream spells it
                    f"PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging "
                    "controller, the retention policy is ignored for this claim"
                )
                self.deps.events.event(self.stateful_set, "Warning", "ConflictingController", message)
            owners = new_owners(claim, self.stateful_set, member)
            metadata = {"ownerReferences": owners, "resourceVersion": claim.metadata.resource_version}
            patch = {"metadata": metadata}
            await self.deps.client.patch(PERSISTENTVOLUMECLAIMS, name, patch, claim.metadata.namespace)

    async def _reported(self, verb: str, member: Member, act: Callable[[], Awaitable[bool]]) -> None:
        """Tell of the outcome, unless there was nothing to do or the API lets nothing be made here any more."""
        what = f"{verb} Pod {member.metadata.name} in StatefulSet {self.stateful_set.metadata.name}"
        try:
            has_acted = await act()
        except (errors.AlreadyExists, errors.Conflict):
            raise  # the cache is behind
        except (errors.ApiError, ClaimError) as error:
            if isinstance(error, errors.ApiError) and is_namespace_terminating(error):
                return
            text = error.message if isinstance(error, errors.ApiError) else str(error)
            self.deps.events.event(
                self.stateful_set, "Warning", f"Failed{verb.capitalize()}", f"{what} failed error: {text}"
            )
            raise
        if has_acted:
            self.deps.events.event(self.stateful_set, "Normal", f"Successful{verb.capitalize()}", f"{what} successful")
