"""Carries a DaemonSet's plan out and keeps its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.apps.controllerrevision import CONTROLLERREVISIONS
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.types.apps_v1 import ControllerRevision, DaemonSet
from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Informer, Key
from wherry.controllers.apps import history
from wherry.controllers.apps.daemonset.failures import Rests
from wherry.controllers.apps.daemonset.nodes import fit, spec_for, tolerations
from wherry.controllers.apps.daemonset.plan import GENERATION_ANNOTATION, GENERATION_LABEL, Plan, plan
from wherry.controllers.claiming import claim_children
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.ownership import (
    controller_reference,
    index_by_controller,
    is_up_for_adoption,
    key_of,
    owner_keys,
)
from wherry.controllers.podcontrol import (
    create_pod,
    delete_pods,
    is_namespace_terminating,
    slow_start,
)
from wherry.controllers.podtemplate import pod_from_template
from wherry.controllers.selectors import is_empty, matches
from wherry.controllers.statuswrites import StatusWrites
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch
from wherry.reconcile.expectations import Expectations


class State(Struct, frozen=True):
    sets: Informer[DaemonSet]
    nodes: Informer[Node]
    pods: Informer[Pod]
    revisions: Informer[ControllerRevision]
    expected: Expectations[str]
    rests: Rests
    written: StatusWrites


def start(deps: Deps) -> State:
    client = deps.client
    pods, revisions = client.informer(PODS, Pod), client.informer(CONTROLLERREVISIONS, ControllerRevision)
    index_by_controller(pods)
    index_by_controller(revisions)
    sets, nodes = client.informer(DAEMONSETS, DaemonSet), client.informer(NODES, Node)
    state = State(sets, nodes, pods, revisions, Expectations(pods, deps.clock), Rests(deps.clock), StatusWrites())

    def forget(old: DaemonSet | None, new: DaemonSet | None) -> None:
        if old is not None and new is None:
            state.rests.forget(old.metadata.uid)

    sets.add_handler(forget)
    return state


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    daemon_set = state.sets.get(key)
    if daemon_set is None:
        return DONE
    if is_empty(daemon_set.spec.selector):
        message = "This daemon set is selecting all pods. A non-empty selector is required."
        deps.events.event(daemon_set, "Warning", "SelectingAll", message)
        return DONE
    if daemon_set.metadata.deletion_timestamp is not None:
        return DONE  # its history may be gone already, and without it nobody knows which Pods are new
    selector, owner = daemon_set.spec.selector, (DAEMONSETS, daemon_set.metadata)
    pods = await claim_children(deps.client, owner, lambda labels: matches(selector, labels), PODS, state.pods)
    digest = await _keep_history(daemon_set, pods, deps)
    if digest is None:
        return DONE
    may_scale = state.expected.is_satisfied(daemon_set.metadata.uid)
    nodes = list(state.nodes.list())
    resting = state.rests.current(daemon_set.metadata.uid)
    decided = plan(daemon_set, nodes, pods, digest, deps.clock.time(), may_scale=may_scale, resting=resting)
    failure = await _carry_out(daemon_set, decided, digest, deps)
    await _write_status(daemon_set, decided.status, deps)
    if failure is not None:
        raise failure
    waits = [*resting.values(), *(() if decided.look_again is None else (decided.look_again,))]
    return Result(min(waits, default=None))


async def _carry_out(daemon_set: DaemonSet, decided: Plan, digest: str, deps: Deps) -> Exception | None:
    for note in decided.notes:
        deps.events.event(daemon_set, note.type, note.reason, note.message)
    for node in decided.failed_on:
        deps.state.rests.begin(daemon_set.metadata.uid, node)
    failure = await delete_pods(deps, daemon_set, decided.delete, deps.state.expected)
    if failure is not None or not decided.create:
        return failure
    template = plain(daemon_set.spec.template)
    reference = controller_reference(DAEMONSETS, daemon_set.metadata)

    async def create(number: int) -> None:
        pod = _pod(daemon_set, template, reference, digest, decided.create[number])
        await create_pod(deps, daemon_set, daemon_set.metadata.namespace, pod, deps.state.expected)

    _, failure = await slow_start(len(decided.create), create)
    if isinstance(failure, errors.ApiError) and is_namespace_terminating(failure):
        return None
    return failure


def _pod(daemon_set: DaemonSet, template: Obj, reference: Obj, digest: str, node: str) -> Obj:
    pod = pod_from_template(template, daemon_set.metadata.name, reference)
    labels = {**pod["metadata"].get("labels", {}), history.HASH_LABEL: digest}
    generation = daemon_set.metadata.annotations.get(GENERATION_ANNOTATION)
    if generation is not None:
        labels[GENERATION_LABEL] = generation
    pod["metadata"]["labels"] = labels
    pod["spec"] = spec_for(pod["spec"], node)
    return pod


async def _keep_history(daemon_set: DaemonSet, pods: Sequence[Pod], deps: Deps) -> str | None:
    """See to the revisions; returns the hash of the present one, None when Pods are given it first."""
    state: State = deps.state
    selector, owner = daemon_set.spec.selector, (DAEMONSETS, daemon_set.metadata)
    revisions = await claim_children(
        deps.client, owner, lambda labels: matches(selector, labels), CONTROLLERREVISIONS, state.revisions
    )
    limit = 10 if daemon_set.spec.revision_history_limit is None else daemon_set.spec.revision_history_limit
    used = {_digest_of(pod) for pod in pods}
    template, collisions = daemon_set.spec.template, daemon_set.status.collision_count
    kept = history.keep(owner, template, revisions, limit, used, collisions)
    namespace = daemon_set.metadata.namespace
    if kept.create is not None:
        await _create_revision(daemon_set, kept.create, deps)
    if kept.renumber is not None:
        name, revision = kept.renumber
        await deps.client.patch(CONTROLLERREVISIONS, name, {"revision": revision}, namespace)
    relabelled = await _relabel(pods, kept, deps)
    for surplus in (*kept.delete, *kept.duplicates):
        try:
            await deps.client.delete(CONTROLLERREVISIONS, surplus.metadata.name, namespace, uid=surplus.metadata.uid)
        except errors.NotFound:
            continue
    return None if relabelled else kept.hash


async def _relabel(pods: Sequence[Pod], kept: history.History, deps: Deps) -> bool:
    """Move the Pods of duplicates to the revision that is kept; tells whether there were any."""
    gone = {history.digest_of(duplicate) for duplicate in kept.duplicates} - {kept.hash}
    concerned = [pod.metadata for pod in pods if _digest_of(pod) in gone]
    for metadata in concerned:
        patch = {"metadata": {"uid": metadata.uid, "labels": {history.HASH_LABEL: kept.hash}}}
        await deps.client.patch(PODS, metadata.name, patch, metadata.namespace)
    return bool(concerned)


def _digest_of(pod: Pod) -> str:
    return pod.metadata.labels.get(history.HASH_LABEL, "")


async def _create_revision(daemon_set: DaemonSet, revision: Obj, deps: Deps) -> None:
    namespace = daemon_set.metadata.namespace
    try:
        await deps.client.create(CONTROLLERREVISIONS, revision, namespace)
    except errors.AlreadyExists:
        found = await deps.client.get(CONTROLLERREVISIONS, revision["metadata"]["name"], namespace)
        if found.get("data") == revision["data"]:
            return  # our own, which the cache lacks
        status = plain(daemon_set.status)
        await _write_status(daemon_set, {**status, "collisionCount": status.get("collisionCount", 0) + 1}, deps)
        raise


async def _write_status(daemon_set: DaemonSet, status: Obj, deps: Deps) -> None:
    patch = status_patch(plain(daemon_set.status), status)
    if patch is not None:
        metadata = daemon_set.metadata
        deps.state.written.expect(metadata.uid, status)
        await deps.client.patch(DAEMONSETS, metadata.name, patch, metadata.namespace, subresource="status")


def _of_own(old: DaemonSet | None, new: DaemonSet | None, deps: Deps) -> Iterable[Key]:
    written: StatusWrites = deps.state.written
    return written.news(old, new)


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    keys = owner_keys("DaemonSet", old, new)
    if new is not None and is_up_for_adoption(old, new):
        for daemon_set in deps.state.sets.list(new.metadata.namespace):
            if matches(daemon_set.spec.selector, new.metadata.labels):
                keys.append(key_of(daemon_set.metadata))
    return keys


def _of_node(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    """A node that came or went, or whose labels or taints now fit otherwise."""
    if old is not None and new is not None and _placing(old) == _placing(new):
        return
    for daemon_set in deps.state.sets.list():
        tolerated = tolerations(daemon_set)
        before = fit(daemon_set, old, tolerated) if old is not None else (False, False)
        after = fit(daemon_set, new, tolerated) if new is not None else (False, False)
        if before != after:
            yield key_of(daemon_set.metadata)


def _placing(node: Node) -> tuple[object, ...]:
    return node.metadata.labels, node.spec.taints


def _of_revision(old: ControllerRevision | None, new: ControllerRevision | None, deps: Deps) -> Iterable[Key]:
    return owner_keys("DaemonSet", old, new)


CONTROLLER = Controller(
    name="daemonset-controller",
    reconciles=DAEMONSETS,
    view=DaemonSet,
    reconcile=reconcile,
    reads=(
        Watch(DAEMONSETS, DaemonSet, _of_own),
        Watch(PODS, Pod, _of_pod),
        Watch(NODES, Node, _of_node),
        Watch(CONTROLLERREVISIONS, ControllerRevision, _of_revision),
    ),
    writes=("daemonsets.apps/status", "pods[of DaemonSets]", "controllerrevisions.apps[of DaemonSets]"),
    start=start,
    hears_own=False,
)
