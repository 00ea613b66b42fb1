"""Acts on the plan of a ReplicaSet or a ReplicationController."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from wherry.api import errors
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.pod import PODS
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.features import Gate
from wherry.api.resource import Resource
from wherry.api.types.apps_v1 import ReplicaSet
from wherry.api.types.core_v1 import Pod, PodTemplateSpec, ReplicationController
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Informer, Key
from wherry.controllers.apps.replicaset.plan import (
    Failure,
    Scaling,
    Wanted,
    next_change,
    next_status,
    plan_scaling,
    terminating,
)
from wherry.controllers.claiming import claim_children
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.ownership import (
    children,
    controller_of,
    controller_reference,
    index_by_controller,
    is_up_for_adoption,
    owner_keys,
)
from wherry.controllers.podcontrol import (
    create_pod,
    delete_pods,
    is_namespace_terminating,
    slow_start,
)
from wherry.controllers.podstate import is_finished
from wherry.controllers.podtemplate import pod_from_template
from wherry.controllers.selectors import matches, matches_labels
from wherry.controllers.statuswrites import StatusWrites
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch
from wherry.reconcile.expectations import Expectations


class State(Struct, frozen=True):
    owners: Informer[Any]
    pods: Informer[Pod]
    expected: Expectations[str]
    written: StatusWrites


class Scaler(Struct, frozen=True):
    """One of the two kinds that keep a number of Pods: what differs between them."""

    resource: Resource
    view: type[Any]
    picks: Callable[[Any], Callable[[Mapping[str, str]], bool]]
    has_terminating: bool
    """Whether the status counts Pods on their way out."""

    def start(self, deps: Deps) -> State:
        pods = deps.client.informer(PODS, Pod)
        owners = deps.client.informer(self.resource, self.view)
        index_by_controller(pods)
        index_by_controller(owners)
        return State(owners, pods, Expectations(pods, deps.clock), StatusWrites())

    def keys_of_pod(self, old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
        """The owner before and now; for an orphan whoever might adopt it."""
        keys = owner_keys(self.resource.kind, old, new)
        if new is not None and is_up_for_adoption(old, new):
            owners = deps.state.owners.list(new.metadata.namespace)
            labels = new.metadata.labels
            keys += [Key(o.metadata.namespace, o.metadata.name) for o in owners if self.picks(o)(labels)]
        return keys

    async def reconcile(self, key: Key, deps: Deps) -> Result:
        state: State = deps.state
        owner = state.owners.get(key)
        if owner is None:
            return DONE
        pods = await claim_children(
            deps.client,
            (self.resource, owner.metadata),
            self.picks(owner),
            PODS,
            state.pods,
            lambda pod: not is_finished(pod),
        )
        wanted = _wanted(owner)
        failure: Exception | None = None
        scaling = Scaling()
        if owner.metadata.deletion_timestamp is None and state.expected.is_satisfied(owner.metadata.uid):
            scaling = plan_scaling(wanted, pods, self._related(state, owner.metadata, pods), deps.clock.time())
            failure = await self._scale(owner, scaling, deps)
            if scaling.create or scaling.delete:
                pods = self._present(state, owner)
        await self._write_status(owner, wanted, pods, _failure(scaling, failure), deps)
        if failure is not None:
            raise failure
        return Result(next_change(wanted, pods, deps.clock.time()))

    def _present(self, state: State, owner: Any) -> list[Pod]:
        """The Pods as they are after scaling; a remote informer may lag, and then says so a moment later."""
        picks = self.picks(owner)
        found = children(state.pods, owner.metadata)
        return [pod for pod in found if not is_finished(pod) and picks(pod.metadata.labels)]

    def _related(self, state: State, owner: ObjectMeta, pods: list[Pod]) -> list[Pod]:
        """Pods of all ReplicaSets with the same controller (a Deployment's old and new)."""
        parent = controller_of(owner)
        if parent is None:
            return pods
        siblings = state.owners.by_index("controller", parent.uid)
        return [pod for sibling in siblings for pod in children(state.pods, sibling.metadata)]

    async def _scale(self, owner: Any, scaling: Scaling, deps: Deps) -> Exception | None:
        expected = deps.state.expected
        if scaling.delete:
            return await delete_pods(deps, owner, scaling.delete, expected)
        if not scaling.create:
            return None
        metadata: ObjectMeta = owner.metadata
        reference = controller_reference(self.resource, metadata)
        pod = pod_from_template(plain(owner.spec.template), metadata.name, reference)

        async def create(_: int) -> None:
            await create_pod(deps, owner, metadata.namespace, pod, expected)

        _, failure = await slow_start(scaling.create, create)
        if isinstance(failure, errors.ApiError) and is_namespace_terminating(failure):
            return None
        return failure

    async def _write_status(
        self, owner: Any, wanted: Wanted, pods: list[Pod], failure: Failure | None, deps: Deps
    ) -> None:
        metadata: ObjectMeta = owner.metadata
        old = plain(owner.status)
        new = next_status(wanted, old, pods, failure, deps.clock.time())
        if self.has_terminating and deps.features.has(Gate.TERMINATING_REPLICAS):
            new["terminatingReplicas"] = terminating(pods)
        patch = status_patch(old, new, metadata.resource_version)
        if patch is not None:
            deps.state.written.expect(metadata.uid, new)
            try:
                await deps.client.patch(self.resource, metadata.name, patch, metadata.namespace, subresource="status")
            except errors.NotFound:
                return


def _wanted(owner: Any) -> Wanted:
    spec = owner.spec
    template: PodTemplateSpec | None = spec.template
    labels = template.metadata.labels if template is not None else {}
    replicas = spec.replicas if spec.replicas is not None else 1
    return Wanted(owner.metadata, replicas, spec.min_ready_seconds or 0, dict(labels))


def _failure(scaling: Scaling, error: Exception | None) -> Failure | None:
    if error is None:
        return None
    message = error.message if isinstance(error, errors.ApiError) else str(error)
    return Failure("FailedCreate" if scaling.create else "FailedDelete", message)


def _picks_by_selector(owner: ReplicaSet) -> Callable[[Mapping[str, str]], bool]:
    selector = owner.spec.selector
    return lambda labels: matches(selector, labels)


def _picks_by_labels(owner: ReplicationController) -> Callable[[Mapping[str, str]], bool]:
    selector = owner.spec.selector
    return lambda labels: bool(selector) and matches_labels(selector, labels)


def _of_own(old: Any | None, new: Any | None, deps: Deps) -> Iterable[Key]:
    written: StatusWrites = deps.state.written
    return written.news(old, new)


def _controller(name: str, scaler: Scaler) -> Controller:
    return Controller(
        name=name,
        reconciles=scaler.resource,
        view=scaler.view,
        reconcile=scaler.reconcile,
        reads=(Watch(scaler.resource, scaler.view, _of_own), Watch(PODS, Pod, scaler.keys_of_pod)),
        hears_own=False,
        writes=(f"{scaler.resource.group_resource}/status", f"pods[of {scaler.resource.kind}s]"),
        start=scaler.start,
    )


REPLICASET = _controller("replicaset-controller", Scaler(REPLICASETS, ReplicaSet, _picks_by_selector, True))
REPLICATIONCONTROLLER = _controller(
    "replication-controller", Scaler(REPLICATIONCONTROLLERS, ReplicationController, _picks_by_labels, False)
)
