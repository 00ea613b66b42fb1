"""The claims of a StatefulSet's Pods, and whose they are. Pure.

A claim outlives its Pod. Whether it outlives the set, or the scaling down that ended its Pod, is a matter of its
owners, since the garbage collector deletes what has none left:

    whenScaled  whenDeleted   owner of a claim whose Pod is wanted   and once it is scaled down
    Retain      Retain        nobody                                 nobody
    Retain      Delete        the set                                the set
    Delete      Retain        nobody                                 the Pod
    Delete      Delete        the set                                the Pod

A claim that a set or a Pod of an earlier life owns is left alone, and one that a stranger controls is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.core.pod import PODS
from wherry.api.resource import Resource
from wherry.api.types.apps_v1 import StatefulSet
from wherry.api.types.core_v1 import PersistentVolumeClaim
from wherry.api.types.meta_v1 import ObjectMeta, OwnerReference
from wherry.controllers.documents import plain
from wherry.controllers.ownership import controller_reference

FindClaim = Callable[[str], PersistentVolumeClaim | None]
"""Looks a claim of the set's namespace up by name."""

DELETE = "Delete"


class Member(Struct, frozen=True):
    """A Pod as an owner of claims; without a UID while it does not exist."""

    metadata: ObjectMeta
    ordinal: int
    is_wanted: bool
    """Its ordinal is in the set's range."""


def claim_name(stateful_set: StatefulSet, template_name: str, ordinal: int) -> str:
    return f"{template_name}-{stateful_set.metadata.name}-{ordinal}"


def claim_names(stateful_set: StatefulSet, ordinal: int) -> Iterator[str]:
    for template in stateful_set.spec.volume_claim_templates:
        yield claim_name(stateful_set, template.metadata.name, ordinal)


def new_claims(stateful_set: StatefulSet, member: Member) -> dict[str, Obj]:
    """The claims that the Pod needs, by name, owned as the retention policy wants it."""
    selector = stateful_set.spec.selector
    claims: dict[str, Obj] = {}
    owners = _policy_owners(stateful_set, member)
    for template in stateful_set.spec.volume_claim_templates:
        claim = plain(template)
        name = claim_name(stateful_set, template.metadata.name, member.ordinal)
        metadata = {**claim.get("metadata", {}), "name": name, "namespace": stateful_set.metadata.namespace}
        labels = {**metadata.get("labels", {}), **selector.match_labels}
        if labels:
            metadata["labels"] = labels
        if owners:
            metadata["ownerReferences"] = owners
        claims[name] = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": claim["spec"],
        }
    return claims


def is_stale(stateful_set: StatefulSet, member: Member, find: FindClaim) -> bool:
    """Whether a claim still belongs to the Pod's predecessor and is about to go with it: the new one has to wait."""
    if _policy(stateful_set)[0] != DELETE:
        return False
    found = (find(name) for name in claim_names(stateful_set, member.ordinal))
    return any(claim is not None and _is_of_predecessor(claim, PODS, member.metadata) for claim in found)


def are_owned_rightly(stateful_set: StatefulSet, member: Member, find: FindClaim) -> bool:
    """Whether the claims that exist have the owners that the retention policy wants."""
    found = (find(name) for name in claim_names(stateful_set, member.ordinal))
    return all(claim is None or not needs_new_owners(claim, stateful_set, member) for claim in found)


def needs_new_owners(claim: PersistentVolumeClaim, stateful_set: StatefulSet, member: Member) -> bool:
    ours, pods = stateful_set.metadata, member.metadata
    if _is_of_predecessor(claim, STATEFULSETS, ours) or _is_of_predecessor(claim, PODS, pods):
        return False
    references = claim.metadata.owner_references
    owned = [reference for reference in references if reference.uid in (ours.uid, pods.uid)]
    if is_disputed(claim, stateful_set, member):
        return bool(owned)
    if any(not reference.controller for reference in owned):
        return True
    wanted = {reference["uid"] for reference in _policy_owners(stateful_set, member)}
    return {reference.uid for reference in owned} != wanted


def new_owners(claim: PersistentVolumeClaim, stateful_set: StatefulSet, member: Member) -> list[Obj]:
    """The owner references that the claim should have."""
    kept = [
        plain(reference)
        for reference in claim.metadata.owner_references
        if not _names(reference, STATEFULSETS, stateful_set.metadata) and not _names(reference, PODS, member.metadata)
    ]
    return kept if is_disputed(claim, stateful_set, member) else [*kept, *_policy_owners(stateful_set, member)]


def is_disputed(claim: PersistentVolumeClaim, stateful_set: StatefulSet, member: Member) -> bool:
    """Whether somebody else controls the claim, so that the retention policy cannot be kept."""
    if DELETE not in _policy(stateful_set):
        return False
    for reference in claim.metadata.owner_references:
        if _names(reference, STATEFULSETS, stateful_set.metadata):
            if reference.uid != stateful_set.metadata.uid:
                return True
        elif _names(reference, PODS, member.metadata):
            if reference.uid != member.metadata.uid:
                return True
        elif reference.controller:
            return True
    return False


def _policy(stateful_set: StatefulSet) -> tuple[str | None, str | None]:
    """(whenScaled, whenDeleted)."""
    policy = stateful_set.spec.persistent_volume_claim_retention_policy
    return (None, None) if policy is None else (policy.when_scaled, policy.when_deleted)


def _policy_owners(stateful_set: StatefulSet, member: Member) -> Sequence[Obj]:
    when_scaled, when_deleted = _policy(stateful_set)
    if when_scaled == DELETE and not member.is_wanted:
        return [controller_reference(PODS, member.metadata)]
    return [controller_reference(STATEFULSETS, stateful_set.metadata)] if when_deleted == DELETE else []


def _is_of_predecessor(claim: PersistentVolumeClaim, resource: Resource, owner: ObjectMeta) -> bool:
    """Whether the first reference by the owner's name means an object of another UID."""
    for reference in claim.metadata.owner_references:
        if _names(reference, resource, owner):
            return reference.uid != owner.uid
    return False


def _names(reference: OwnerReference, resource: Resource, owner: ObjectMeta) -> bool:
    return (
        reference.name == owner.name
        and reference.kind == resource.kind
        and reference.api_version == resource.api_version
    )
