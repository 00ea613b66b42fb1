"""What a node's conditions mean: is it silent, which taints does it get, is the trouble the nodes' or our own. Pure.

When every node seems to be gone it is likelier that the control plane was (a suspended laptop, a cut line), so nobody
is driven off any node then, and who was about to be may stay. Else nodes of a zone are given up one by one, ten seconds
apart; a hundred when more than half of a large zone is gone, and none further when it is a small one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TypeAlias

from wherry.api import Obj
from wherry.api.types.core_v1 import Node, NodeCondition, Taint
from wherry.api.types.decoding import to_obj
from wherry.lib.clock import format_time

Zone: TypeAlias = tuple[str, str]
"""(region, zone)"""


class Fate(Enum):
    """What becomes of the Pods on a node in trouble."""

    EVICTED = "they have to go, in the time that they tolerate"
    LEFT = "as it is: who has to go already goes, nobody else does"
    SPARED = "nobody has to go"


GRACE_SECONDS = 50.0
"""Without a sign of life for this long a node is Unknown."""
STARTUP_GRACE_SECONDS = 60.0
"""The same for one that never reported."""
UNHEALTHY_SHARE = 0.55
LARGE_ZONE = 50
NOT_COUNTED = "node.kubernetes.io/exclude-disruption"
"""The label of nodes that say nothing about how their zone is."""
RATE = 0.1
REDUCED_RATE = 0.01
"""Nodes of a zone that may be given up in a second."""

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_PRESSURES = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_HEARTBEATS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_RENAMED = ("kubernetes.io/os", "kubernetes.io/arch")
_OURS = frozenset({NOT_READY, UNREACHABLE, UNSCHEDULABLE, *_PRESSURES.values()})


def readiness(node: Node) -> str | None:
    """The status of Ready; None when the node never reported."""
    found = _condition(node, "Ready")
    return found.status if found is not None else None


def heartbeat(node: Node) -> object:
    """Something that changes whenever the node reports by its status."""
    found = _condition(node, "Ready")
    return None if found is None else (found.last_heartbeat_time, found.status, found.reason)


def silenced(node: Node, now: float) -> list[Obj] | None:
    """The conditions of a node that fell silent; None when they say so already."""
    stamp = format_time(now)
    created = node.metadata.creation_timestamp
    conditions: list[Obj] = []
    is_changed = False
    for found in node.status.conditions:
        entry: Obj = to_obj(found)
        if found.type in _HEARTBEATS and found.status != "Unknown":
            is_changed = True
            entry.update(
                status="Unknown",
                reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.",
                lastTransitionTime=stamp,
            )
        conditions.append(entry)
    present = {found.type for found in node.status.conditions}
    for missing in _HEARTBEATS:
        if missing not in present:
            is_changed = True
            conditions.append(
                {
                    "type": missing,
                    "status": "Unknown",
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                    "lastHeartbeatTime": format_time(created.timestamp()) if created is not None else None,
                    "lastTransitionTime": stamp,
                }
            )
    return conditions if is_changed else None


class Zones:
    """How many nodes each zone has, and which of them are gone: kept by hearing of each change.

    Counting anew for every node in trouble would cost the cube of their number when all of them come or go.
    """

    __slots__ = ("_gone", "_sizes")

    def __init__(self) -> None:
        self._sizes: Counter[Zone] = Counter()
        self._gone: dict[Zone, dict[str, None]] = {}

    def note(self, old: Node | None, new: Node | None) -> Sequence[str]:
        """A node came, went or changed. Returns the nodes in trouble whose Pods it has now another say in."""
        before = [(zone, self._rate(zone)) for zone in self._gone]
        if old is not None and _counts(old):
            self._forget(zone_of(old), old.metadata.name)
        if new is not None and _counts(new):
            self._add(zone_of(new), new)
        changed = [zone for zone, rate in before if self._rate(zone) != rate]
        return [name for zone in changed for name in self._gone.get(zone, ())]

    @property
    def is_all_gone(self) -> bool:
        """Whether no node at all is well, of those that there are."""
        return 0 < sum(map(len, self._gone.values())) == self._sizes.total()

    def rate(self, node: Node) -> float | None:
        """How many nodes of this one's zone may be given up in a second; None when it is not the nodes' trouble."""
        return self._rate(zone_of(node))

    def _rate(self, zone: Zone) -> float | None:
        if self.is_all_gone:
            return None
        gone, size = len(self._gone.get(zone, ())), self._sizes[zone]
        if gone <= 2 or gone == size or gone / size < UNHEALTHY_SHARE:
            return RATE
        return REDUCED_RATE if size > LARGE_ZONE else 0.0

    def _add(self, zone: Zone, node: Node) -> None:
        self._sizes[zone] += 1
        if readiness(node) != "True":
            self._gone.setdefault(zone, {})[node.metadata.name] = None

    def _forget(self, zone: Zone, name: str) -> None:
        self._sizes[zone] -= 1
        if not self._sizes[zone]:
            del self._sizes[zone]
        if (gone := self._gone.get(zone)) is not None:
            gone.pop(name, None)
            if not gone:
                del self._gone[zone]


def _counts(node: Node) -> bool:
    return NOT_COUNTED not in node.metadata.labels


def is_evicting(node: Node) -> bool:
    """Whether the node drives Pods away already."""
    return any(taint.key in (NOT_READY, UNREACHABLE) and taint.effect == "NoExecute" for taint in node.spec.taints)


def taints(node: Node, *, fate: Fate, now: float) -> list[Obj] | None:
    """The taints the node should have; None when it has them. Taints of others are kept."""
    wanted = dict.fromkeys(_wanted(node, fate))
    kept: list[Obj] = []
    for taint in node.spec.taints:
        name = (taint.key, taint.effect)
        if not _is_ours(taint):
            kept.append(to_obj(taint))
        elif name in wanted:
            kept.append(to_obj(taint))
            del wanted[name]
    added = [_taint(key, effect, now) for key, effect in wanted]
    if not added and len(kept) == len(node.spec.taints):
        return None
    return kept + added


def _wanted(node: Node, fate: Fate) -> Iterable[tuple[str, str]]:
    status = readiness(node)
    trouble = {"False": NOT_READY, "Unknown": UNREACHABLE}.get(status or "")
    if trouble is not None:
        yield trouble, "NoSchedule"
        if fate is Fate.EVICTED or (fate is Fate.LEFT and is_evicting(node)):
            yield trouble, "NoExecute"
    for pressure, key in _PRESSURES.items():
        found = _condition(node, pressure)
        if found is not None and found.status == "True":
            yield key, "NoSchedule"
    if node.spec.unschedulable:
        yield UNSCHEDULABLE, "NoSchedule"


def old_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """What is to be added so that those who look for a label by its old name find what its new one says."""
    return {
        f"beta.{name}": labels[name]
        for name in _RENAMED
        if name in labels and labels.get(f"beta.{name}") != labels[name]
    }


def _is_ours(taint: Taint) -> bool:
    if taint.key in (NOT_READY, UNREACHABLE):
        return taint.effect in ("NoSchedule", "NoExecute")
    return taint.key in _OURS and taint.effect == "NoSchedule"


def _taint(key: str, effect: str, now: float) -> Obj:
    return {"key": key, "effect": effect, "timeAdded": format_time(now)}


def _condition(node: Node, type: str) -> NodeCondition | None:
    return next((found for found in node.status.conditions if found.type == type), None)


def zone_of(node: Node) -> Zone:
    labels = node.metadata.labels
    return labels.get("topology.kubernetes.io/region", ""), labels.get("topology.kubernetes.io/zone", "")
