"""The Pod garbage collector.

Keys are Pods; the key without a name stands for a sweep of finished Pods beyond the threshold. A node that is missing
is given 40 seconds to come back and is then asked for at the API itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wherry.api import errors
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Informer, Key
from wherry.controllers.core.node.lifecycle import BY_NODE, pods_by_node
from wherry.controllers.disruption import mark_disrupted
from wherry.controllers.ownership import key_of
from wherry.controllers.podstate import creation_time, is_finished
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

QUARANTINE_SECONDS = 40.0
THRESHOLD = 12500
SWEEP = Key("", "")


@dataclass(frozen=True, slots=True)
class State:
    nodes: Informer[Node]
    pods: Informer[Pod]
    missing: dict[str, float] = field(default_factory=dict)
    """Nodes that Pods name and that are not there: since when, on the monotonic clock."""
    finished: set[Key] = field(default_factory=set)


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    pods_by_node(pods)
    return State(deps.client.informer(NODES, Node), pods)


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    if key == SWEEP:
        await _sweep(deps)
        return DONE
    pod = state.pods.get(key)
    if pod is None:
        return DONE
    if not pod.spec.node_name:
        if pod.metadata.deletion_timestamp is not None:
            await _collect(pod, deps)
        return DONE
    return await _check_node(pod, pod.spec.node_name, deps)


async def _check_node(pod: Pod, name: str, deps: Deps) -> Result:
    state: State = deps.state
    if state.nodes.get(Key("", name)) is not None:
        state.missing.pop(name, None)
        return DONE
    now = deps.clock.monotonic()
    left = state.missing.setdefault(name, now) + QUARANTINE_SECONDS - now
    if left > 0:
        return Result(left)
    try:
        await deps.client.get(NODES, name)
    except errors.NotFound:
        await _collect(pod, deps, disrupted=True)
    return DONE


async def _collect(pod: Pod, deps: Deps, *, disrupted: bool = False) -> None:
    """Delete at once; a Pod that had not ended gets the phase that its kubelet would have given it."""
    metadata = pod.metadata
    try:
        if disrupted and not is_finished(pod):
            await mark_disrupted(deps, pod, "DeletionByPodGC", "PodGC: node no longer exists", "Failed")
        elif not is_finished(pod):
            patch = {"metadata": {"uid": metadata.uid}, "status": {"phase": "Failed"}}
            await deps.client.patch(PODS, metadata.name, patch, metadata.namespace, subresource="status")
        await deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid, grace_seconds=0)
    except (errors.NotFound, errors.Conflict):
        return


async def _sweep(deps: Deps) -> None:
    state: State = deps.state
    surplus = len(state.finished) - THRESHOLD
    if surplus <= 0:
        return
    found = [pod for key in state.finished if (pod := state.pods.get(key)) is not None and not pod.metadata.finalizers]
    for pod in sorted(found, key=creation_time)[:surplus]:
        await _collect(pod, deps)


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """Pods that nobody cares for (few): without a node and on the way out, or on a node that is not there."""
    state: State = deps.state
    if new is None:
        if old is not None:
            state.finished.discard(key_of(old.metadata))
        return
    key = key_of(new.metadata)
    if is_finished(new):
        state.finished.add(key)
        if len(state.finished) > THRESHOLD:
            yield SWEEP
    if not new.spec.node_name:
        if new.metadata.deletion_timestamp is not None:
            yield key
    elif state.nodes.get(Key("", new.spec.node_name)) is None:
        yield key


def _of_node(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    if new is None and old is not None:
        for pod in deps.state.pods.by_index(BY_NODE, old.metadata.name):
            yield key_of(pod.metadata)
    elif new is not None:
        deps.state.missing.pop(new.metadata.name, None)


CONTROLLER = Controller(
    name="pod-garbage-collector-controller",
    reconciles=PODS,
    view=Pod,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _of_pod), Watch(NODES, Node, _of_node)),
    writes=("pods", "pods/status"),
    start=start,
    hears_own=False,
)
