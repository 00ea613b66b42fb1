"""Deletes Pods that do not tolerate their node's NoExecute taints, when their time is up.

The time a Pod is granted counts from when the taint was added, so that a restart of ours grants nobody more; for one
that came later, from when it was placed. Once a Pod knows its time it keeps it, whatever its tolerations say later,
unless they grant all or nothing. Pods that have ended go as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from wherry.api import errors
from wherry.api.core.node import NODES
from wherry.api.core.placement import tolerates
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Node, Pod, Taint
from wherry.client import Informer, Key
from wherry.controllers.core.node.lifecycle import BY_NODE, pods_by_node
from wherry.controllers.disruption import mark_disrupted
from wherry.controllers.ownership import key_of
from wherry.controllers.podstate import condition, creation_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FOREVER, AT_ONCE = float("inf"), float("-inf")


class Waiting(Struct, frozen=True):
    """A Pod whose time is not up yet."""

    pod: Pod
    until: float


class State(Struct, frozen=True):
    nodes: Informer[Node]
    pods: Informer[Pod]
    waiting: dict[str, dict[Key, Waiting]] = field(default_factory=dict)
    """By node."""


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    pods_by_node(pods)
    return State(deps.client.informer(NODES, Node), pods)


def due(pod: Pod, taints: Sequence[Taint], now: float) -> float:
    """When the Pod has to go, AT_ONCE where it tolerates some taint not at all.

    Of several tolerations for one taint the first one counts, however long it grants.
    """
    moment = FOREVER
    for taint in taints:
        found = next((each for each in pod.spec.tolerations if tolerates(each, taint)), None)
        if found is None:
            return AT_ONCE
        if found.toleration_seconds is not None:
            added = taint.time_added.timestamp() if taint.time_added is not None else now
            moment = min(moment, max(added, _placed(pod)) + max(0, found.toleration_seconds))
    return moment


def _placed(pod: Pod) -> float:
    """Since when the Pod has its node, as far as it says so."""
    scheduled = condition(pod, "PodScheduled")
    since = scheduled.last_transition_time if scheduled is not None else pod.status.start_time
    return since.timestamp() if since is not None else creation_time(pod)


async def reconcile(key: Key, deps: Deps) -> Result:
    """Look at all Pods of one node."""
    state: State = deps.state
    node = state.nodes.get(key)
    if node is None:
        state.waiting.pop(key.name, None)
        return DONE
    taints = [taint for taint in node.spec.taints if taint.effect == "NoExecute"]
    waited = state.waiting.get(key.name, {})
    if not taints and not waited:
        return DONE
    now = deps.clock.time()
    waiting: dict[Key, Waiting] = {}
    failures: list[errors.ApiError] = []
    for pod in state.pods.by_index(BY_NODE, key.name):
        name, until = key_of(pod.metadata), due(pod, taints, now)
        before = waited.get(name)
        if before is not None and before.pod.metadata.uid == pod.metadata.uid and AT_ONCE < until < FOREVER:
            until = before.until
        if pod.metadata.deletion_timestamp is not None:
            if before is not None:
                waiting[name] = before
        elif until <= now:
            try:
                await _evict(pod, deps)
            except errors.ApiError as failure:
                failures.append(failure)
                waiting[name] = Waiting(pod, until)
            else:
                waited.pop(name, None)
        elif until < FOREVER:
            waiting[name] = Waiting(pod, until)
    _remember(key.name, waited, waiting, deps)
    if failures:
        raise failures[0]
    return Result(min((each.until - now for each in waiting.values() if each.until > now), default=None))


_REASON = "TaintManagerEviction"


def _remember(node: str, waited: Mapping[Key, Waiting], waiting: dict[Key, Waiting], deps: Deps) -> None:
    """Who waits now; those who no longer do, and have not been evicted, are told so."""
    for name, before in waited.items():
        if name not in waiting:
            deps.events.event(before.pod, "Normal", _REASON, f"Cancelling deletion of Pod {name}")
    if waiting:
        deps.state.waiting[node] = waiting
    else:
        deps.state.waiting.pop(node, None)


async def _evict(pod: Pod, deps: Deps) -> None:
    """Raises ApiError, which may say no more than that another Pod has its name by now: the next look tells."""
    metadata = pod.metadata
    deps.events.event(pod, "Normal", _REASON, f"Marking for deletion Pod {key_of(metadata)}")
    why = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
    try:
        await mark_disrupted(deps, pod, *why)
        await deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid)
    except errors.NotFound:
        return


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """A Pod that arrives on a tainted node, or changes what it tolerates there; one that went before its time."""
    if new is None and old is not None and key_of(old.metadata) in deps.state.waiting.get(old.spec.node_name, ()):
        yield Key("", old.spec.node_name or "")
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
