"""A node's drivers attach only so many volumes (upstream: NodeVolumeLimits).

How many a driver takes is said by the node's CSINode. A volume counts once, however many Pods on the node use it; one
that is not there yet counts by its claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from wherry.api.features import Gate
from wherry.api.types.storage_v1 import CSINode
from wherry.client import Key
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import PLACED_POD, Action, Check, Filter, Handle, Hint, Plugin, Refusal
from wherry.scheduler.volumes.attached import Attached, limits_of
from wherry.scheduler.volumes.inventory import Inventory
from wherry.scheduler.volumes.sources import ATTACHMENT, CLAIM, CSI_NODE, VOLUME, own_claim_helps

_FULL = Refusal(("node(s) exceed max volume count",))


def make(_: Mapping[str, Any], handle: Handle) -> Plugin:
    rule = _Rule(handle)
    return Plugin(
        "NodeVolumeLimits",
        filter=Filter(rule.prepare),
        hints=(
            Hint(CSI_NODE, Action.ADD | Action.UPDATE, csi_node_helps),
            Hint(PLACED_POD, Action.DELETE, lambda _pod, old, _new: bool(old.volumes)),
            Hint(CLAIM, Action.ADD, own_claim_helps),
            Hint(VOLUME, Action.ADD),
            Hint(ATTACHMENT, Action.DELETE),
        ),
    )


class _Rule:
    def __init__(self, handle: Handle) -> None:
        self._inventory = handle.common(Inventory)
        self._attached = handle.common(Attached)
        self._may_be_strict = handle.features.has(Gate.VOLUME_LIMIT_SCALING)

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | None:
        if not pod.volumes:
            return None
        attached = self._attached
        wanted = attached.volumes(pod)
        if not wanted:
            return None
        added = Counter(driver for driver, _ in wanted)
        strict = [name for name in sorted(added) if self._is_strict(name)]

        def check(node: NodeInfo) -> Refusal | None:
            if strict and (refusal := _missing(strict, self._inventory.csi_nodes.get(Key("", node.name)))) is not None:
                return refusal
            limits = attached.limits(node.name)
            if not limits:
                return None
            load = attached.load(node)
            for driver, count in added.items():
                limit = limits.get(driver)
                if limit is not None and load.counts.get(driver, 0) + count > limit:
                    # Unless Pods there have some of them already. One that is merely still attached counts twice, as
                    # upstream.
                    missing = sum(1 for one in wanted if one[0] == driver and one not in load.volumes)
                    if missing and load.counts.get(driver, 0) + missing > limit:
                        return _FULL
            return None

        return check

    def _is_strict(self, driver: str) -> bool:
        if not self._may_be_strict:
            return False
        found = self._inventory.drivers.get(Key("", driver))
        return found is not None and bool(found.spec.prevent_pod_scheduling_if_missing)


def _missing(drivers: list[str], shown: CSINode | None) -> Refusal | None:
    """Drivers may ask that no Pod comes to nodes that do not have them (KEP-5030)."""
    there = {driver.name for driver in shown.spec.drivers} if shown is not None else ()
    absent = next((name for name in drivers if name not in there), None)
    return Refusal((f"{absent} CSI driver is not installed on the node",)) if absent is not None else None


def csi_node_helps(_: PodInfo, old: CSINode | None, new: CSINode) -> bool:
    """A driver came, or takes more than before."""
    if old is None:
        return True
    before, now = limits_of(old), limits_of(new)
    names = {driver.name for driver in old.spec.drivers}
    return any(driver.name not in names for driver in new.spec.drivers) or any(
        limit > before.get(name, limit) for name, limit in now.items()
    )
