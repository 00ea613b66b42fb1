"""Can a node have what the Pod claims? Pure: looks at what an `Inventory` shows.

Claims that are bound have a volume, which the node reaches or not. Claims whose class waits for the first consumer are
matched here, the smallest first, with volumes that the node reaches; what is left over can be made by a provisioner if
the class allows the node and its driver has room there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wherry.api.core.volumematching import NO_PROVISIONER, best_match, reaches, requested
from wherry.api.core.volumematching import selects as selects_labels
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


@dataclass(frozen=True, slots=True)
class Claimed:
    """A Pod's claims, sorted by what has to be decided about them."""

    bound: Sequence[PersistentVolumeClaim]
    open: Sequence[PersistentVolumeClaim]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the claims get on a node."""

    bind: Sequence[tuple[PersistentVolumeClaim, PersistentVolume]] = ()
    provision: Sequence[PersistentVolumeClaim] = ()
    rooms: Sequence[str | None] = ()
    """For each claim whose volume is to be made: how much its driver has there; None where it does not say."""


def find_volumes(claimed: Claimed, shown: Shown, labels: Mapping[str, str], node: str) -> Choice | tuple[str, ...]:
    """What the claims would get on the node, or the reasons why they cannot be had there."""
    reasons = []
    if any(shown.volume(claim.spec.volume_name or "") is None for claim in claimed.bound):
        reasons.append(VOLUME_IS_GONE)
    elif not all(_reaches(shown.volume(claim.spec.volume_name or ""), labels, node) for claim in claimed.bound):
        reasons.append(AFFINITY)
    choice = _choose(claimed.open, shown, labels, node) if claimed.open else Choice()
    if isinstance(choice, str):
        reasons.append(choice)
    return choice if not reasons and isinstance(choice, Choice) else tuple(reasons)


def _reaches(volume: PersistentVolume | None, labels: Mapping[str, str], node: str) -> bool:
    return volume is not None and reaches(volume, labels, node)


def _choose(
    claims: Sequence[PersistentVolumeClaim], shown: Shown, labels: Mapping[str, str], node: str
) -> Choice | str:
    bind: list[tuple[PersistentVolumeClaim, PersistentVolume]] = []
    provision: list[PersistentVolumeClaim] = []
    for claim in claims:
        if selected := shown.selected_node(claim):
            if selected != node:
                return NOTHING_TO_BIND
            provision.append(claim)
    taken: set[str] = set()
    for claim in sorted((one for one in claims if one not in provision), key=_size):
        volume = _match(claim, shown, labels, node, taken)
        if volume is not None:
            taken.add(volume.metadata.name)
            bind.append((claim, volume))
        elif shown.is_promised(claim):
            return NOTHING_TO_BIND
        else:
            provision.append(claim)
    rooms: list[str | None] = []
    for claim in provision:
        answer = _judge_provision(claim, shown, labels)
        if isinstance(answer, str):
            return answer
        rooms.append(answer.capacity)
    return Choice(bind, provision, rooms)


def _size(claim: PersistentVolumeClaim) -> tuple[object, ...]:
    return (requested(claim), claim.metadata.name)


def _match(
    claim: PersistentVolumeClaim, shown: Shown, labels: Mapping[str, str], node: str, taken: set[str]
) -> PersistentVolume | None:
    found = shown.free_volumes(claim)
    if shown.is_promised(claim):
        return next((one for one in found if reaches(one, labels, node)), None)
    return best_match(claim, found, node=(labels, node), taken=taken)


@dataclass(frozen=True, slots=True)
class _Room:
    """A volume can be made; `capacity` is what the driver has, as far as it says so."""

    capacity: str | None = None


def _judge_provision(claim: PersistentVolumeClaim, shown: Shown, labels: Mapping[str, str]) -> _Room | str:
    storage_class = shown.class_of(claim)
    if storage_class is None or storage_class.provisioner in ("", NO_PROVISIONER):
        return NOTHING_TO_BIND
    if not allows(storage_class, labels):
        return NOTHING_TO_BIND
    return _room(claim, storage_class, shown, labels) or NO_SPACE


def allows(storage_class: StorageClass, labels: Mapping[str, str]) -> bool:
    """Whether volumes of the class may be made for a node with these labels. Terms are alternatives."""
    terms = storage_class.allowed_topologies
    return not terms or any(
        all(labels.get(one.key) in one.values for one in term.match_label_expressions) for term in terms
    )


def _room(
    claim: PersistentVolumeClaim, storage_class: StorageClass, shown: Shown, labels: Mapping[str, str]
) -> _Room | None:
    """Only drivers that say that they publish their capacity are asked for it."""
    driver = shown.drivers.get(ObjectKey("", storage_class.provisioner))
    if driver is None or not driver.spec.storage_capacity:
        return _Room()
    name, wanted = storage_class.metadata.name, requested(claim)
    for one in sorted(shown.capacities.list(), key=lambda one: (one.metadata.namespace, one.metadata.name)):
        limit = volume_limit(one)
        if one.storage_class_name != name or limit is None or parse_quantity(limit) < wanted:
            continue
        if one.node_topology is not None and selects_labels(one.node_topology, labels):
            return _Room(one.capacity)
    return None


def volume_limit(capacity: CSIStorageCapacity) -> str | None:
    """How large a volume may be."""
    return capacity.maximum_volume_size if capacity.maximum_volume_size is not None else capacity.capacity
