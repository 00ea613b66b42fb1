"""The Pod garbage collector.

Keys are Pods on their way out that no kubelet cares for (never placed, or on a node that somebody says is out of
service for good), nodes that are missing (a name without a namespace), and one without either for a sweep of finished
Pods beyond the threshold. A node is given 40 seconds to come back and is then asked for at the API itself; its Pods
wait with it, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from wherry.api import errors
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Informer, Key
from wherry.controllers.core.node.health import readiness
from wherry.controllers.core.node.lifecycle import BY_NODE, pods_by_node
from wherry.controllers.disruption import mark_disrupted
from wherry.controllers.ownership import key_of
from wherry.controllers.podstate import creation_time, is_finished
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

QUARANTINE_SECONDS = 40.0
THRESHOLD = 12500
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
SWEEP = Key("", "")


class State(Struct, frozen=True):
    nodes: Informer[Node]
    pods: Informer[Pod]
    missing: dict[str, float] = field(default_factory=dict)
    """Nodes that Pods name and that are not there, each with a key on its way: since when, on the monotonic clock."""
    finished: dict[Key, None] = field(default_factory=dict)


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    pods_by_node(pods)
    return State(deps.client.informer(NODES, Node), pods)


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    if key == SWEEP:
        await _sweep(deps)
        return DONE
    if not key.namespace:
        return await _check_node(key, deps)
    pod = state.pods.get(key)
    if pod is not None and pod.metadata.deletion_timestamp is not None and _is_abandoned(pod, state):
        await _collect(pod, deps)
    return DONE


def _is_abandoned(pod: Pod, state: State) -> bool:
    """Whether no kubelet will ever end the Pod; those of missing nodes wait until these are given up."""
    if not pod.spec.node_name:
        return True
    node = state.nodes.get(Key("", pod.spec.node_name))
    return node is not None and _is_out_of_service(node)


def _is_out_of_service(node: Node) -> bool:
    return any(taint.key == OUT_OF_SERVICE for taint in node.spec.taints) and readiness(node) != "True"


async def _check_node(node: Key, deps: Deps) -> Result:
    state: State = deps.state
    if state.nodes.get(node) is not None:
        state.missing.pop(node.name, None)
        return DONE
    now = deps.clock.monotonic()
    since = state.missing.setdefault(node.name, now)
    if (left := since + QUARANTINE_SECONDS - now) > 0:
        return Result(left)
    try:
        await deps.client.get(NODES, node.name)
    except errors.NotFound:
        await _collect_all(node, since, deps)
    return DONE


async def _collect_all(node: Key, since: float, deps: Deps) -> None:
    """All Pods of a node that is gone; those that come meanwhile wait for it anew."""
    state: State = deps.state
    state.missing.pop(node.name, None)
    try:
        for pod in tuple(state.pods.by_index(BY_NODE, node.name)):
            await _collect(pod, deps, disrupted=True)
    except BaseException:
        state.missing[node.name] = since
        raise


async def _collect(pod: Pod, deps: Deps, *, disrupted: bool = False) -> None:
    """Delete at once; a Pod that had not ended gets the phase that its kubelet would have given it."""
    metadata = pod.metadata
    try:
        if disrupted and not is_finished(pod):
            await mark_disrupted(deps, pod, "DeletionByPodGC", "PodGC: node no longer exists", "Failed")
        elif not is_finished(pod):
            status = {"phase": "Failed", "observedGeneration": metadata.generation}
            patch = {"metadata": {"uid": metadata.uid}, "status": status}
            await deps.client.patch(PODS, metadata.name, patch, metadata.namespace, subresource="status")
        await deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid, grace_seconds=0)
    except errors.NotFound:
        return


async def _sweep(deps: Deps) -> None:
    state: State = deps.state
    surplus = len(state.finished) - THRESHOLD
    if surplus <= 0:
        return
    found = [pod for key in state.finished if (pod := state.pods.get(key)) is not None and not pod.metadata.finalizers]
    for pod in sorted(found, key=eagerness)[:surplus]:
        await _collect(pod, deps)


def eagerness(pod: Pod) -> tuple[bool, float, str]:
    """Who goes first: evicted Pods, which nobody waits for, then the oldest."""
    is_evicted = pod.status.phase == "Failed" and pod.status.reason == "Evicted"
    return not is_evicted, creation_time(pod), pod.metadata.name


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """What nobody else cares for (little): Pods without a node on their way out, and nodes that are not there."""
    state: State = deps.state
    if new is None:
        if old is not None:
            state.finished.pop(key_of(old.metadata), None)
        return
    if is_finished(new):
        state.finished[key_of(new.metadata)] = None
        if len(state.finished) > THRESHOLD:
            yield SWEEP
    if new.metadata.deletion_timestamp is not None and _is_abandoned(new, state):
        yield key_of(new.metadata)
    if not new.spec.node_name:
        return
    if (old is None or not old.spec.node_name) and state.nodes.get(Key("", new.spec.node_name)) is None:
        yield from _miss(new.spec.node_name, deps)


def _of_node(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    if new is None and old is not None:
        if any(True for _ in deps.state.pods.by_index(BY_NODE, old.metadata.name)):
            yield from _miss(old.metadata.name, deps)
    elif new is not None:
        deps.state.missing.pop(new.metadata.name, None)
        if _is_out_of_service(new) and not (old is not None and _is_out_of_service(old)):
            for pod in deps.state.pods.by_index(BY_NODE, new.metadata.name):
                yield key_of(pod.metadata)


def _miss(node: str, deps: Deps) -> Iterable[Key]:
    """The first to miss a node has it looked for."""
    state: State = deps.state
    if node not in state.missing:
        state.missing[node] = deps.clock.monotonic()
        yield Key("", node)


CONTROLLER = Controller(
    name="pod-garbage-collector-controller",
    reconciles=PODS,
    view=Pod,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _of_pod), Watch(NODES, Node, _of_node)),
    writes=("pods (delete)", "pods/status.phase", "pods/status.conditions[DisruptionTarget]"),
    start=start,
    hears_own=False,
)
