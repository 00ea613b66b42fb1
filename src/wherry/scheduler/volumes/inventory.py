"""Claims, volumes, classes and drivers as they are, and what decisions have promised that is not written yet.

A promise is of a claim: "this volume will be yours" or "your volume will be made for this node". It holds for all Pods
that use the claim, until the last decision that relies on it is written or given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.volumematching import SELECTED_NODE, by_name, claim_path, class_of, free_in_class
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.csistoragecapacity import CSISTORAGECAPACITIES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod
from wherry.api.types.storage_v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass
from wherry.client import Key
from wherry.lib.clock import Clock
from wherry.scheduler.awaiting import Awaiting
from wherry.scheduler.rules import Handle

FREE, RESERVED = "free", "claim"
"""Volumes by class, as long as nobody has them, and by the claim that they name."""


class _Promise(Struct):
    """Of one claim: a volume, or a node for which one is to be made."""

    volume: str
    node: str
    holders: int = 0


class Inventory:
    """One for all profiles of a scheduler: `handle.common(Inventory)`."""

    def __init__(self, handle: Handle) -> None:
        client = handle.client
        self.client = client
        self.clock: Clock = handle.clock
        self.claims = client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim)
        self.volumes = client.informer(PERSISTENTVOLUMES, PersistentVolume)
        self.classes = client.informer(STORAGECLASSES, StorageClass)
        self.drivers = client.informer(CSIDRIVERS, CSIDriver)
        self.csi_nodes = client.informer(CSINODES, CSINode)
        self.capacities = client.informer(CSISTORAGECAPACITIES, CSIStorageCapacity)
        self.pods = client.informer(PODS, Pod)
        self.volumes.add_index(FREE, free_in_class)
        self.volumes.add_index(RESERVED, claim_path)
        self._promises: dict[str, _Promise] = {}
        self._taken: dict[str, str] = {}
        """The UID of the claim that each promised volume is for."""
        self.awaiting = Awaiting(handle.clock)
        """Those who wait for claims to be bound."""
        self.claims.add_handler(self._changed)
        self.volumes.add_handler(self._changed)
        self.pods.add_handler(self._pod_changed)

    def class_of(self, claim: PersistentVolumeClaim) -> StorageClass | None:
        name = class_of(claim)
        return self.classes.get(Key("", name)) if name else None

    def volume(self, name: str) -> PersistentVolume | None:
        return self.volumes.get(Key("", name))

    def free_volumes(self, claim: PersistentVolumeClaim) -> list[PersistentVolume]:
        """What the claim might get: the volume that is promised or reserved for it, or all of its class."""
        promised = self._promises.get(claim.metadata.uid)
        if promised is not None and promised.volume:
            volume = self.volume(promised.volume)
            return [volume] if volume is not None else []
        name, path = class_of(claim), f"{claim.metadata.namespace}/{claim.metadata.name}"
        found = [one for one in self.volumes.by_index(RESERVED, path) if class_of(one) == name]
        found += [one for one in self.volumes.by_index(FREE, name) if one.metadata.name not in self._taken]
        return by_name(found)

    def is_promised(self, claim: PersistentVolumeClaim) -> bool:
        """Whether an existing volume is promised to the claim."""
        promise = self._promises.get(claim.metadata.uid)
        return promise is not None and bool(promise.volume)

    @property
    def promised(self) -> Mapping[str, str]:
        """The volumes that are promised, by the UID of their claim."""
        return {uid: promise.volume for uid, promise in self._promises.items() if promise.volume}

    def selected_node(self, claim: PersistentVolumeClaim) -> str:
        """The node for which the claim's volume is being made; "" when that is still open."""
        promise = self._promises.get(claim.metadata.uid)
        if promise is not None and promise.node:
            return promise.node
        return claim.metadata.annotations.get(SELECTED_NODE, "")

    def promise(self, claim: PersistentVolumeClaim, *, volume: str = "", node: str = "") -> None:
        """Hold for one more Pod that the claim gets a volume, or has one made for a node."""
        promise = self._promises.setdefault(claim.metadata.uid, _Promise(volume, node))
        promise.holders += 1
        if volume:
            self._taken[volume] = claim.metadata.uid

    def release(self, claim: PersistentVolumeClaim) -> None:
        """One Pod less relies on the promise."""
        promise = self._promises.get(claim.metadata.uid)
        if promise is None:
            return
        promise.holders -= 1
        if promise.holders <= 0:
            del self._promises[claim.metadata.uid]
            self._taken.pop(promise.volume, None)

    def _changed(self, old: Any, new: Any) -> None:
        self.awaiting.ask()

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        if new is None:
            self.awaiting.ask()
