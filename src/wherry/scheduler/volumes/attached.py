"""Which volumes each node has, by what its Pods claim and by what is attached there: found out once per change.

A volume that is still to be made stands under its claim until it is there. Limits come from the nodes' CSINodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.storage_v1 import CSINode, VolumeAttachment
from wherry.client import Key
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Handle
from wherry.scheduler.volumes.claims import claims_of, wanted_of
from wherry.scheduler.volumes.inventory import Inventory
from wherry.scheduler.volumes.migration import VolumeId, driver_of, inline_id, volume_id

BY_NODE, BY_VOLUME = "node", "volume"


class Load(Struct, frozen=True):
    """What one node has."""

    volumes: frozenset[VolumeId]
    """Those of its Pods."""
    counts: Mapping[str, int]
    """By driver, with those that are attached though no Pod there has them."""


class Attached:
    """One for all profiles of a scheduler: `handle.common(Attached)`. A follower of the cluster."""

    def __init__(self, handle: Handle) -> None:
        self._inventory = handle.common(Inventory)
        self._attachments = handle.client.informer(VOLUMEATTACHMENTS, VolumeAttachment)
        self._attachments.add_index(BY_NODE, lambda one: (one.spec.node_name,))
        self._attachments.add_index(BY_VOLUME, lambda one: (one.spec.source.persistent_volume_name or "",))
        self._loads: dict[str, Load] = {}
        self._limits: dict[str, Mapping[str, int]] = {}
        self._homes: dict[Key, Counter[str]] = {}
        """By claim: the nodes whose Pods use it, and how many do."""
        for pod, node in handle.cluster.pods():
            self.placed(pod, node, 1)
        handle.cluster.follow(self)
        self._attachments.add_handler(self._attachment_changed)
        self._inventory.claims.add_handler(self._claim_changed)
        self._inventory.volumes.add_handler(self._volume_changed)
        self._inventory.csi_nodes.add_handler(self._csi_node_changed)

    def limits(self, node: str) -> Mapping[str, int]:
        """By driver, as far as drivers have limits there."""
        return self._limits.get(node, {})

    def load(self, node: NodeInfo) -> Load:
        known = self._loads.get(node.name)
        if known is None:
            volumes = {one for pod in node.pods.values() if pod.volumes for one in self.volumes(pod)}
            attached = set(volumes)
            for attachment in self._attachments.by_index(BY_NODE, node.name):
                name = attachment.spec.source.persistent_volume_name
                volume = self._inventory.volume(name) if name else None
                if volume is not None and (known_as := volume_id(volume)) is not None:
                    attached.add(known_as)
            known = Load(frozenset(volumes), Counter(driver for driver, _ in attached))
            self._loads[node.name] = known
        return known

    def volumes(self, pod: PodInfo) -> frozenset[VolumeId]:
        """What is behind each volume of the Pod, as far as that is known."""
        found: list[VolumeId] = []
        for each in pod.volumes:
            wanted = wanted_of(pod, each)
            if wanted is None:
                if (known_as := inline_id(each)) is not None:
                    found.append(known_as)
                continue
            claim = self._inventory.claims.get(wanted.key)
            if claim is None:
                continue
            volume = self._inventory.volume(claim.spec.volume_name) if claim.spec.volume_name else None
            if volume is not None:
                if (known_as := volume_id(volume)) is not None:
                    found.append(known_as)
            elif (storage_class := self._inventory.class_of(claim)) is not None:
                found.append((driver_of(storage_class.provisioner), f"to be made for {wanted.key}"))
        return frozenset(found)

    def placed(self, pod: PodInfo, node: NodeInfo, count: int) -> None:
        if not pod.volumes:
            return
        self._loads.pop(node.name, None)
        for wanted in claims_of(pod):
            homes = self._homes.setdefault(wanted.key, Counter())
            homes[node.name] += count
            if homes[node.name] <= 0:
                del homes[node.name]
            if not homes:
                del self._homes[wanted.key]

    def reshaped(self) -> None:
        """It does not matter what nodes are like."""

    def _forget(self, claim: Key) -> None:
        for node in self._homes.get(claim, ()):
            self._loads.pop(node, None)

    def _claim_changed(self, old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None) -> None:
        one = new if new is not None else old
        if one is None or (old is not None and new is not None and old.spec.volume_name == new.spec.volume_name):
            return
        self._forget(Key(one.metadata.namespace, one.metadata.name))

    def _volume_changed(self, old: PersistentVolume | None, new: PersistentVolume | None) -> None:
        """Volumes come and go; where the data are never changes."""
        one = new if new is not None else old
        if one is None or (old is not None and new is not None):
            return
        if (reference := one.spec.claim_ref) is not None:
            self._forget(Key(reference.namespace or "", reference.name or ""))
        for attachment in self._attachments.by_index(BY_VOLUME, one.metadata.name):
            self._loads.pop(attachment.spec.node_name, None)

    def _attachment_changed(self, old: VolumeAttachment | None, new: VolumeAttachment | None) -> None:
        one = new if new is not None else old
        if one is not None and (old is None or new is None):
            self._loads.pop(one.spec.node_name, None)

    def _csi_node_changed(self, old: CSINode | None, new: CSINode | None) -> None:
        if new is not None:
            self._limits[new.metadata.name] = limits_of(new)
        elif old is not None:
            self._limits.pop(old.metadata.name, None)


def limits_of(node: CSINode) -> dict[str, int]:
    """By driver, as far as drivers have limits."""
    return {
        driver.name: driver.allocatable.count
        for driver in node.spec.drivers
        if driver.allocatable is not None and driver.allocatable.count is not None
    }
