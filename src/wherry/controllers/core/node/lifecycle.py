"""Watches over nodes: who is silent becomes Unknown; conditions become taints; Pods of a lost node are not ready.

Signs of life are changes of the node's status and renewals of its Lease in `kube-node-lease`, timed by our own clock
when we hear of them, since the clocks of hosts differ. A renewal costs nothing but noting the time: each node has one
timer that looks again when the grace period might be over.

What is not good: upstream also limits how many nodes a minute are tainted; here all that are due are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wherry.api import errors
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.types.coordination_v1 import Lease
from wherry.api.types.core_v1 import Node, Pod
from wherry.api.types.decoding import to_obj
from wherry.client import Informer, Key
from wherry.controllers.core.node.health import (
    GRACE_SECONDS,
    STARTUP_GRACE_SECONDS,
    Zones,
    heartbeat,
    readiness,
    silenced,
    taints,
)
from wherry.controllers.podstate import is_finished, is_ready
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

LEASE_NAMESPACE = "kube-node-lease"
BY_NODE = "node"


@dataclass(frozen=True, slots=True)
class State:
    nodes: Informer[Node]
    pods: Informer[Pod]
    zones: Zones = field(default_factory=Zones)
    alive: dict[str, float] = field(default_factory=dict)
    """When each node was last heard of, on the monotonic clock."""


def pods_by_node(pods: Informer[Pod]) -> None:
    pods.add_index(BY_NODE, lambda pod: (pod.spec.node_name,) if pod.spec.node_name else ())


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    pods_by_node(pods)
    return State(deps.client.informer(NODES, Node), pods)


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    node = state.nodes.get(key)
    if node is None:
        state.alive.pop(key.name, None)
        return DONE
    now = deps.clock.monotonic()
    grace = GRACE_SECONDS if readiness(node) is not None else STARTUP_GRACE_SECONDS
    left = state.alive.setdefault(key.name, now) + grace - now
    if left <= 0 and (conditions := silenced(node, deps.clock.time())) is not None:
        patch = {"metadata": {"resourceVersion": node.metadata.resource_version}, "status": {"conditions": conditions}}
        await deps.client.patch(NODES, key.name, patch, subresource="status")
        return DONE  # the change comes back here
    await _taint(node, deps)
    if readiness(node) in ("False", "Unknown"):
        await _unready_pods(node, deps)
    return Result(left if left > 0 else None)


async def _taint(node: Node, deps: Deps) -> None:
    may_evict = deps.state.zones.evicts(node)
    wanted = taints(node, may_evict=may_evict, now=deps.clock.time())
    if wanted is None:
        return
    patch = {"metadata": {"resourceVersion": node.metadata.resource_version}, "spec": {"taints": wanted or None}}
    await deps.client.patch(NODES, node.metadata.name, patch)


async def _unready_pods(node: Node, deps: Deps) -> None:
    """Endpoints must not point to a node that does not answer."""
    name = node.metadata.name
    for pod in deps.state.pods.by_index(BY_NODE, name):
        if is_finished(pod) or not is_ready(pod):
            continue
        conditions = [to_obj(condition) for condition in pod.status.conditions]
        for condition in conditions:
            if condition["type"] == "Ready":
                condition.update(status="False", lastTransitionTime=format_time(deps.clock.time()))
        patch = {"metadata": {"resourceVersion": pod.metadata.resource_version}, "status": {"conditions": conditions}}
        try:
            await deps.client.patch(PODS, pod.metadata.name, patch, pod.metadata.namespace, subresource="status")
        except errors.NotFound:
            continue
        deps.events.event(pod, "Warning", "NodeNotReady", "Node is not ready")


def _of_node(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    """Note signs of life; when readiness changes, whether others may evict can change too."""
    state: State = deps.state
    if new is not None and (old is None or (heartbeat(old) != heartbeat(new) and readiness(new) != "Unknown")):
        state.alive[new.metadata.name] = deps.clock.monotonic()
    for name in state.zones.note(old, new):
        yield Key("", name)
    before = readiness(old) if old is not None else None
    after = readiness(new) if new is not None else None
    if before == after:
        return
    if new is not None and before == "True":
        message = f"Node {new.metadata.name} status is now: NodeNotReady"
        deps.events.event(new, "Normal", "NodeNotReady", message)


def _of_lease(old: Lease | None, new: Lease | None, deps: Deps) -> Iterable[Key]:
    if (
        new is not None
        and new.metadata.namespace == LEASE_NAMESPACE
        and (old is None or old.spec.renew_time != new.spec.renew_time)
    ):
        deps.state.alive[new.metadata.name] = deps.clock.monotonic()
    return ()


CONTROLLER = Controller(
    name="node-lifecycle-controller",
    reconciles=NODES,
    view=Node,
    reconcile=reconcile,
    reads=(Watch(NODES, Node, _of_node), Watch(LEASES, Lease, _of_lease)),
    writes=("nodes/status.conditions", "nodes/spec.taints", "pods/status.conditions[Ready]"),
    start=start,
    component="node-controller",
)
