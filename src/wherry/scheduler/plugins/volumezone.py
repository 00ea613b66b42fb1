"""A bound volume with labels of zone or region is used on nodes there (upstream: VolumeZone)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.api.core.volumematching import waits_for_consumer
from wherry.api.types.core_v1 import PersistentVolume
from wherry.client import Key
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import NODE, Action, Check, Filter, Handle, Hint, Plugin, Refusal
from wherry.scheduler.volumes.claims import Wanted, claims_of
from wherry.scheduler.volumes.inventory import Inventory
from wherry.scheduler.volumes.sources import CLAIM, CLASS, VOLUME, own_claim_helps

_REFUSAL = Refusal(("node(s) had no available volume zone",), is_lasting=True)
_GA = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
_LABELS = (*_GA, *_GA.values())
_SEPARATOR = "__"


def make(_: Mapping[str, Any], handle: Handle) -> Plugin:
    rule = _Rule(handle.common(Inventory))
    return Plugin(
        "VolumeZone",
        filter=Filter(rule.prepare),
        hints=(
            Hint(CLASS, Action.ADD),
            Hint(NODE, Action.ADD | Action.LABELS),
            Hint(CLAIM, Action.ADD | Action.UPDATE, own_claim_helps),
            Hint(VOLUME, Action.ADD | Action.UPDATE, volume_helps),
        ),
    )


class _Rule:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | Refusal | None:
        if not pod.volumes:
            return None
        zones: list[tuple[str, frozenset[str]]] = []
        for wanted in claims_of(pod):
            found = self._zones(wanted)
            if isinstance(found, Refusal):
                return found
            zones += found
        if not zones:
            return None
        return lambda node: None if _is_in(node, zones) else _REFUSAL

    def _zones(self, wanted: Wanted) -> list[tuple[str, frozenset[str]]] | Refusal:
        claim = self._inventory.claims.get(wanted.key)
        if claim is None:
            return Refusal((f'persistentvolumeclaim "{wanted.key.name}" not found',), is_lasting=True)
        if not claim.spec.volume_name:
            if waits_for_consumer(self._inventory.class_of(claim)):
                return []
            return Refusal(("PersistentVolume had no name",), is_lasting=True)
        volume = self._inventory.volumes.get(Key("", claim.spec.volume_name))
        if volume is None:
            return Refusal((f'persistentvolume "{claim.spec.volume_name}" not found',), is_lasting=True)
        return zones_of(volume)


def zones_of(volume: PersistentVolume) -> list[tuple[str, frozenset[str]]]:
    """Each label of place that the volume has, with its values: `a__b` means either."""
    labels = volume.metadata.labels
    return [(name, frozenset(labels[name].split(_SEPARATOR))) for name in _LABELS if name in labels]


def _is_in(node: NodeInfo, zones: list[tuple[str, frozenset[str]]]) -> bool:
    """Nodes that say nothing of where they are may have any volume."""
    labels = node.labels
    if not any(name in labels for name in _LABELS):
        return True
    return all(labels.get(name, labels.get(_GA.get(name, ""))) in values for name, values in zones)


def volume_helps(_: PodInfo, old: PersistentVolume | None, new: PersistentVolume) -> bool:
    """A volume is new, or is in another place."""
    return old is None or zones_of(old) != zones_of(new)
