"""Deletes Pods that do not tolerate their node's NoExecute taints, when their time is up.

The time a Pod is granted counts from when the taint was added, so that a restart of ours grants nobody more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wherry.api import errors
from wherry.api.core.node import NODES
from wherry.api.core.placement import tolerates
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Node, Pod, Taint
from wherry.client import Informer, Key
from wherry.controllers.core.node.lifecycle import BY_NODE, pods_by_node
from wherry.controllers.disruption import mark_disrupted
from wherry.controllers.podstate import is_finished
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class State:
    nodes: Informer[Node]
    pods: Informer[Pod]


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    pods_by_node(pods)
    return State(deps.client.informer(NODES, Node), pods)


def due(pod: Pod, taints: Sequence[Taint], now: float) -> float:
    """When the Pod has to go: `now` or earlier for at once, infinity for never."""
    moment = FOREVER
    for taint in taints:
        granted = [t.toleration_seconds for t in pod.spec.tolerations if tolerates(t, taint)]
        if not granted:
            return now
        added = taint.time_added.timestamp() if taint.time_added is not None else now
        limits = [seconds for seconds in granted if seconds is not None]
        if limits:
            moment = min(moment, added + max(0, min(limits)))
    return moment


async def reconcile(key: Key, deps: Deps) -> Result:
    """Look at all Pods of one node."""
    state: State = deps.state
    node = state.nodes.get(key)
    taints = [taint for taint in node.spec.taints if taint.effect == "NoExecute"] if node is not None else []
    if not taints:
        return DONE
    now = deps.clock.time()
    next_due = FOREVER
    for pod in state.pods.by_index(BY_NODE, key.name):
        if pod.metadata.deletion_timestamp is not None or is_finished(pod):
            continue
        moment = due(pod, taints, now)
        if moment <= now:
            await _evict(pod, deps)
        else:
            next_due = min(next_due, moment)
    return Result(next_due - now if next_due < FOREVER else None)


async def _evict(pod: Pod, deps: Deps) -> None:
    metadata = pod.metadata
    message = f"Marking for deletion Pod {metadata.namespace}/{metadata.name}"
    deps.events.event(pod, "Normal", "TaintManagerEviction", message)
    why = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
    try:
        await mark_disrupted(deps, pod, *why)
        await deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid)
    except (errors.NotFound, errors.Conflict):
        return


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """A Pod that arrives on a tainted node, or changes what it tolerates there."""
    if new is None or not new.spec.node_name:
        return
    if old is None or old.spec.node_name != new.spec.node_name or old.spec.tolerations != new.spec.tolerations:
        node = deps.state.nodes.get(Key("", new.spec.node_name))
        if node is not None and node.spec.taints:
            yield Key("", new.spec.node_name)


CONTROLLER = Controller(
    name="taint-eviction-controller",
    reconciles=NODES,
    view=Node,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _of_pod),),
    writes=("pods (delete)", "pods/status.conditions[DisruptionTarget]"),
    start=start,
)
