"""Can a node have what the Pod claims? Pure: looks at what an `Inventory` shows.

Claims that are bound have a volume, which the node reaches or not. Claims whose class waits for the first consumer are
matched here, the smallest first, with volumes that the node reaches; what is left over can be made by a provisioner if
the class allows the node and its driver has room there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from wherry.api.core.volumematching import (
    NO_PROVISIONER,
    best_match,
    capacity,
    is_bound_to,
    reaches,
    requested,
    selects,
)
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.storage_v1 import CSIDriver, CSIStorageCapacity, StorageClass
from wherry.client import Informer
from wherry.client import Key as ObjectKey

AFFINITY = "node(s) didn't match PersistentVolume's node affinity"
NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind"
NO_SPACE = "node(s) did not have enough free storage"
VOLUME_IS_GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


class Shown(Protocol):
    """What is looked at of the inventory."""

    drivers: Informer[CSIDriver]
    capacities: Informer[CSIStorageCapacity]

    def class_of(self, claim: PersistentVolumeClaim) -> StorageClass | None: ...
    def volume(self, name: str) -> PersistentVolume | None: ...
    def free_volumes(self, claim: PersistentVolumeClaim) -> list[PersistentVolume]: ...
    def is_promised(self, claim: PersistentVolumeClaim) -> bool: ...
    def selected_node(self, claim: PersistentVolumeClaim) -> str: ...


class Claimed(Struct, frozen=True):
    """A Pod's claims, sorted by what has to be decided about them."""

    bound: Sequence[PersistentVolumeClaim]
    open: Sequence[PersistentVolumeClaim]


class Choice(Struct, frozen=True):
    """What the claims get on a node."""

    bind: Sequence[tuple[PersistentVolumeClaim, PersistentVolume]] = ()
    provision: Sequence[PersistentVolumeClaim] = ()
    rooms: Sequence[str | None] = ()
    """For each claim whose volume is to be made: how much its driver has there; None where it does not say."""


class Finder:
    """The question of one Pod, prepared: what does not depend on the node is looked at once."""

    __slots__ = ("_gone", "_open", "_tied")

    def __init__(self, claimed: Claimed, shown: Shown) -> None:
        volumes = [shown.volume(claim.spec.volume_name or "") for claim in claimed.bound]
        self._gone = (VOLUME_IS_GONE,) if None in volumes else ()
        self._tied = [one for one in volumes if one is not None and one.spec.node_affinity is not None]
        self._open = [_Open.of(claim, shown) for claim in sorted(claimed.open, key=_size)]

    @property
    def is_indifferent(self) -> bool:
        """Every node does."""
        return not (self._gone or self._tied or self._open)

    def find(self, labels: Mapping[str, str], node: str) -> Choice | tuple[str, ...]:
        """What the claims would get on the node, or the reasons why they cannot be had there."""
        reasons = self._gone
        if not reasons and not all(reaches(one, labels, node) for one in self._tied):
            reasons = (AFFINITY,)
        choice = self._choose(labels, node) if self._open else _NOTHING
        if isinstance(choice, str):
            reasons = (*reasons, choice)
        return choice if not reasons and isinstance(choice, Choice) else reasons

    def _choose(self, labels: Mapping[str, str], node: str) -> Choice | str:
        bind: list[tuple[PersistentVolumeClaim, PersistentVolume]] = []
        provision: list[_Open] = []
        taken: set[str] = set()
        for one in self._open:
            if one.selected:
                if one.selected != node:
                    return NOTHING_TO_BIND
                provision.append(one)
                continue
            volume = one.match(labels, node, taken)
            if volume is not None:
                taken.add(volume.metadata.name)
                bind.append((one.claim, volume))
            elif one.is_promised:
                return NOTHING_TO_BIND
            else:
                provision.append(one)
        rooms: list[str | None] = []
        for one in provision:
            answer = one.room(labels)
            if isinstance(answer, str):
                return answer
            rooms.append(answer.capacity)
        return Choice(bind, [one.claim for one in provision], rooms)


def _size(claim: PersistentVolumeClaim) -> tuple[object, ...]:
    return (requested(claim), claim.metadata.name)


_NOTHING = Choice()


class _Room(Struct, frozen=True):
    """A volume can be made; `capacity` is what the driver has, as far as it says so."""

    capacity: str | None = None


_ANY_ROOM = _Room()


class _Open(Struct, frozen=True):
    """A claim that has no volume yet, with all that might become one."""

    claim: PersistentVolumeClaim
    selected: str
    """The node for which its volume is being made."""
    is_promised: bool
    volumes: Sequence[PersistentVolume]
    """Those that suit, the smallest first; the one that is kept for it alone."""
    storage_class: StorageClass | None
    capacities: Sequence[CSIStorageCapacity] | None
    """Where its driver has room for it; None where it does not say."""

    @classmethod
    def of(cls, claim: PersistentVolumeClaim, shown: Shown) -> _Open:
        selected, is_promised = shown.selected_node(claim), shown.is_promised(claim)
        storage_class = shown.class_of(claim)
        volumes = [] if selected else suitable(claim, shown.free_volumes(claim), is_promised=is_promised)
        return cls(claim, selected, is_promised, volumes, storage_class, _capacities(claim, storage_class, shown))

    def match(self, labels: Mapping[str, str], node: str, taken: Collection[str]) -> PersistentVolume | None:
        for one in self.volumes:
            if one.metadata.name not in taken and reaches(one, labels, node):
                return one
        return None

    def room(self, labels: Mapping[str, str]) -> _Room | str:
        """Whether its volume can be made for a node with these labels."""
        storage_class = self.storage_class
        if storage_class is None or storage_class.provisioner in ("", NO_PROVISIONER):
            return NOTHING_TO_BIND
        if not allows(storage_class, labels):
            return NOTHING_TO_BIND
        if self.capacities is None:
            return _ANY_ROOM
        for one in self.capacities:
            if one.node_topology is not None and selects(one.node_topology, labels):
                return _Room(one.capacity)
        return NO_SPACE


def suitable(
    claim: PersistentVolumeClaim, volumes: Sequence[PersistentVolume], *, is_promised: bool
) -> list[PersistentVolume]:
    """The volumes that the claim might get, wherever they are: the smallest first, or the one that is kept for it."""
    if is_promised:
        return list(volumes)
    found = [one for one in volumes if best_match(claim, (one,)) is not None]
    kept = [one for one in found if is_bound_to(one, claim)]
    return kept[:1] or sorted(found, key=lambda one: (capacity(one), one.metadata.name))


def allows(storage_class: StorageClass, labels: Mapping[str, str]) -> bool:
    """Whether volumes of the class may be made for a node with these labels. Terms are alternatives."""
    terms = storage_class.allowed_topologies
    return not terms or any(
        all(labels.get(one.key) in one.values for one in term.match_label_expressions) for term in terms
    )


def _capacities(
    claim: PersistentVolumeClaim, storage_class: StorageClass | None, shown: Shown
) -> list[CSIStorageCapacity] | None:
    """Only drivers that say that they publish their capacity are asked for it."""
    driver = shown.drivers.get(ObjectKey("", storage_class.provisioner)) if storage_class is not None else None
    if storage_class is None or driver is None or not driver.spec.storage_capacity:
        return None
    name, wanted = storage_class.metadata.name, requested(claim)
    found = [
        one
        for one in shown.capacities.list()
        if one.storage_class_name == name
        and (limit := volume_limit(one)) is not None
        and parse_quantity(limit) >= wanted
    ]
    return sorted(found, key=lambda one: (one.metadata.namespace, one.metadata.name))


def volume_limit(capacity: CSIStorageCapacity) -> str | None:
    """How large a volume may be."""
    return capacity.maximum_volume_size if capacity.maximum_volume_size is not None else capacity.capacity
