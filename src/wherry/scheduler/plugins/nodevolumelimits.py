"""A node's drivers attach only so many volumes (upstream: NodeVolumeLimits).

How many a driver takes is said by the node's CSINode. A volume counts once, however many Pods on the node use it; one
that is not there yet counts by its claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.api.types.storage_v1 import CSINode, VolumeAttachment
from wherry.client import Key
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import PLACED_POD, Action, Check, Filter, Handle, Hint, Plugin, Refusal
from wherry.scheduler.volumes.claims import claims_of
from wherry.scheduler.volumes.inventory import Inventory
from wherry.scheduler.volumes.sources import ATTACHMENT, CLAIM, CSI_NODE, VOLUME, own_claim_helps

_FULL = Refusal(("node(s) exceed max volume count",))
BY_NODE = "node"


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
        self._attachments = handle.client.informer(VOLUMEATTACHMENTS, VolumeAttachment)
        self._attachments.add_index(BY_NODE, lambda one: (one.spec.node_name,))

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | None:
        if not pod.volumes:
            return None
        wanted = self._volumes(pod)
        if not wanted:
            return None
        drivers = sorted({driver for driver, _ in wanted})
        strict = [name for name in drivers if self._is_strict(name)]

        def check(node: NodeInfo) -> Refusal | None:
            shown = self._inventory.csi_nodes.get(Key("", node.name))
            if strict and (refusal := _missing(strict, shown)) is not None:
                return refusal
            limits = limits_of(shown) if shown is not None else {}
            if not any(driver in limits for driver in drivers):
                return None
            attached = self._attached(node)
            counts = Counter(driver for driver, _ in attached)
            added = Counter(driver for driver, _ in wanted - attached)
            return _FULL if any(counts[d] + n > limits[d] for d, n in added.items() if d in limits) else None

        return check

    def _is_strict(self, driver: str) -> bool:
        found = self._inventory.drivers.get(Key("", driver))
        return found is not None and bool(found.spec.prevent_pod_scheduling_if_missing)

    def _attached(self, node: NodeInfo) -> set[tuple[str, str]]:
        """What Pods on the node use, and what is attached though no Pod uses it (any more)."""
        found = {one for pod in node.pods.values() if pod.volumes for one in self._volumes(pod)}
        for attachment in self._attachments.by_index(BY_NODE, node.name):
            name = attachment.spec.source.persistent_volume_name
            volume = self._inventory.volume(name) if name else None
            if volume is not None and volume.spec.csi is not None:
                found.add((volume.spec.csi.driver, volume.spec.csi.volume_handle))
        return found

    def _volumes(self, pod: PodInfo) -> set[tuple[str, str]]:
        """(driver, volume) of each claim, as far as they are known."""
        found: set[tuple[str, str]] = set()
        for wanted in claims_of(pod):
            claim = self._inventory.claims.get(wanted.key)
            if claim is None:
                continue
            volume = self._inventory.volume(claim.spec.volume_name) if claim.spec.volume_name else None
            if volume is not None:
                if volume.spec.csi is not None:
                    found.add((volume.spec.csi.driver, volume.spec.csi.volume_handle))
            elif (storage_class := self._inventory.class_of(claim)) is not None:
                found.add((storage_class.provisioner, f"to be made for {wanted.key}"))
        return found


def _missing(drivers: list[str], shown: CSINode | None) -> Refusal | None:
    """Drivers may ask that no Pod comes to nodes that do not have them (KEP-5030)."""
    if shown is None:
        return Refusal(("CSINodeMissing",))
    there = {driver.name for driver in shown.spec.drivers}
    return None if all(name in there for name in drivers) else Refusal(("CSIDriverMissingOnNode",))


def limits_of(node: CSINode) -> dict[str, int]:
    """By driver, as far as drivers have limits."""
    return {
        driver.name: driver.allocatable.count
        for driver in node.spec.drivers
        if driver.allocatable is not None and driver.allocatable.count is not None
    }


def csi_node_helps(_: PodInfo, old: CSINode | None, new: CSINode) -> bool:
    """A driver came, or takes more than before."""
    if old is None:
        return True
    before, now = limits_of(old), limits_of(new)
    names = {driver.name for driver in old.spec.drivers}
    return any(driver.name not in names for driver in new.spec.drivers) or any(
        limit > before.get(name, limit) for name, limit in now.items()
    )
