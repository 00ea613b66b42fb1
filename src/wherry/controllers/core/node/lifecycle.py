"""Watches over nodes: who is silent becomes Unknown; conditions become taints; Pods of a lost node are not ready.

Signs of life are changes of the node's status and renewals of its Lease in `kube-node-lease`, timed by our own clock
when we hear of them, since the clocks of hosts differ. A renewal costs nothing but noting the time: each node is
looked at again once nothing was heard of it for the grace period.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from wherry.api import Obj, errors
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
    Fate,
    Zone,
    Zones,
    heartbeat,
    is_evicting,
    old_labels,
    readiness,
    silenced,
    taints,
    zone_of,
)
from wherry.controllers.podstate import is_finished, is_ready
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

LEASE_NAMESPACE = "kube-node-lease"
BY_NODE = "node"


class State(Struct, frozen=True):
    nodes: Informer[Node]
    pods: Informer[Pod]
    zones: Zones = field(default_factory=Zones)
    alive: dict[str, float] = field(default_factory=dict)
    """When each node was last heard of, on the monotonic clock."""
    free: dict[Zone, float] = field(default_factory=dict)
    """When another node of a zone may be given up, on the monotonic clock."""
    since: float = 0.0
    """The second in which this controller began."""


def pods_by_node(pods: Informer[Pod]) -> None:
    pods.add_index(BY_NODE, lambda pod: (pod.spec.node_name,) if pod.spec.node_name else ())


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    pods_by_node(pods)
    return State(deps.client.informer(NODES, Node), pods, since=float(int(deps.clock.time())))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    node = state.nodes.get(key)
    if node is None:
        state.alive.pop(key.name, None)
        deps.expect(key, None)
        return DONE
    now = deps.clock.monotonic()
    has_reported = readiness(node) is not None
    grace = GRACE_SECONDS if has_reported else STARTUP_GRACE_SECONDS
    left = state.alive.get(key.name, now) + grace - now
    if left <= 0 and (conditions := silenced(node, deps.clock.time())) is not None:
        patch = {"metadata": {"resourceVersion": node.metadata.resource_version}, "status": {"conditions": conditions}}
        await deps.client.patch(NODES, key.name, patch, subresource="status")
        return DONE  # the change comes back here
    fate, turn = _fate(node, state, now)
    await _mark(node, fate, deps)
    if readiness(node) in ("False", "Unknown"):
        await _unready_pods(node, deps)
    waits = (0.0 if has_reported else left, turn)
    return Result(min((seconds for seconds in waits if seconds > 0), default=None))


def _fate(node: Node, state: State, now: float) -> tuple[Fate, float]:
    """What becomes of the node's Pods, and after how many seconds it is the node's turn to be given up."""
    rate = state.zones.rate(node)
    if rate is None:
        return Fate.SPARED, 0.0
    if not rate or is_evicting(node) or readiness(node) not in ("False", "Unknown"):
        return Fate.LEFT, 0.0
    zone = zone_of(node)
    if (wait := state.free.get(zone, now) - now) > 0:
        return Fate.LEFT, wait
    state.free[zone] = now + 1 / rate
    return Fate.EVICTED, 0.0


async def _mark(node: Node, fate: Fate, deps: Deps) -> None:
    wanted, labels = taints(node, fate=fate, now=deps.clock.time()), old_labels(node.metadata.labels)
    if wanted is None and not labels:
        return
    patch: Obj = {"metadata": {"resourceVersion": node.metadata.resource_version}}
    if labels:
        patch["metadata"]["labels"] = labels
    if wanted is not None:
        patch["spec"] = {"taints": wanted or None}
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
                stamp = format_time(deps.clock.time())
                condition.update(status="False", lastTransitionTime=stamp, observedGeneration=pod.metadata.generation)
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
        _hear(new.metadata.name, deps)
    was_all_gone = state.zones.is_all_gone
    for name in state.zones.note(old, new):
        yield Key("", name)
    if was_all_gone and not state.zones.is_all_gone:
        # It was likelier that we were gone, so that nobody could be heard: all have their time anew.
        for name in state.alive:
            _hear(name, deps)
    _announce(old, new, deps)
    before = readiness(old) if old is not None else None
    after = readiness(new) if new is not None else None
    if before == after:
        return
    if new is not None and before == "True":
        message = f"Node {new.metadata.name} status is now: NodeNotReady"
        deps.events.event(new, "Normal", "NodeNotReady", message)


def _announce(old: Node | None, new: Node | None, deps: Deps) -> None:
    """Tell of nodes that come and go."""
    if old is None and new is not None:
        created, name = new.metadata.creation_timestamp, new.metadata.name
        if created is not None and created.timestamp() < deps.state.since:
            return  # It was there before this controller, and has been told of.
        message = f"Node {name} event: Registered Node {name} in Controller"
        deps.events.event(new, "Normal", "RegisteredNode", message)
    elif new is None and old is not None:
        name = old.metadata.name
        deps.events.event(old, "Normal", "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")


def _of_lease(old: Lease | None, new: Lease | None, deps: Deps) -> Iterable[Key]:
    if (
        new is not None
        and new.metadata.namespace == LEASE_NAMESPACE
        and (old is None or old.spec.renew_time != new.spec.renew_time)
    ):
        _hear(new.metadata.name, deps)
    return ()


def _hear(name: str, deps: Deps) -> None:
    """A node gave a sign of life. The next is expected after the time was noted, so that no alarm comes too early."""
    deps.state.alive[name] = deps.clock.monotonic()
    deps.expect(Key("", name), GRACE_SECONDS)


CONTROLLER = Controller(
    name="node-lifecycle-controller",
    reconciles=NODES,
    view=Node,
    reconcile=reconcile,
    reads=(Watch(NODES, Node, _of_node), Watch(LEASES, Lease, _of_lease)),
    writes=(
        "nodes/status.conditions",
        "nodes/spec.taints",
        "nodes/metadata.labels[beta]",
        "pods/status.conditions[Ready]",
    ),
    start=start,
    component="node-controller",
)
