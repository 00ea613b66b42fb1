"""The Pod's claims are bound to volumes that the node reaches, or can be (upstream: VolumeBinding).

What has to be bound or made for the chosen node is promised with the decision, written before the Pod is bound, and
waited for: `volumes/holding.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wherry.api.core.volumematching import capacity, class_of, is_fully_bound, requested, waits_for_consumer
from wherry.api.features import Gate
from wherry.api.meta.quantity import ceiling, parse_quantity
from wherry.api.types.core_v1 import PersistentVolumeClaim
from wherry.api.types.storage_v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.plugins.resourcescores import Curve, along
from wherry.scheduler.rules import NODE, Action, Filter, Handle, Hint, Hold, Plugin, Prepared, Rate, Refusal, Score
from wherry.scheduler.volumes.claims import Wanted, claims_of, is_made_for
from wherry.scheduler.volumes.finding import Choice, Claimed, Finder, volume_limit
from wherry.scheduler.volumes.holding import PATIENCE, VolumeHold
from wherry.scheduler.volumes.inventory import Inventory
from wherry.scheduler.volumes.sources import CAPACITY, CLAIM, CLASS, CSI_DRIVER, CSI_NODE, VOLUME, own_claim_helps

_ROOMIEST = ({"utilization": 0, "score": 10}, {"utilization": 100, "score": 0})
_MIGRATED = "storage.alpha.kubernetes.io/migrated-plugins"
_UNBOUND = Refusal(("pod has unbound immediate PersistentVolumeClaims",), is_lasting=True)


def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile; `bindTimeoutSeconds` is how long volumes may take to be bound."""
    rule = _Rule(
        handle.common(Inventory),
        float(args.get("bindTimeoutSeconds") or PATIENCE),
        along(args.get("shape") or _ROOMIEST),
    )
    return Plugin(
        "VolumeBinding",
        filter=Filter(rule.prepare),
        score=Score(rule.prepare_score) if handle.features.has(Gate.STORAGE_CAPACITY_SCORING) else None,
        hints=(
            Hint(CLASS, Action.ADD | Action.UPDATE, class_helps),
            Hint(CLAIM, Action.ADD | Action.UPDATE, own_claim_helps),
            Hint(VOLUME, Action.ADD | Action.UPDATE),
            Hint(NODE, Action.ADD | Action.LABELS),
            Hint(CSI_NODE, Action.ADD | Action.UPDATE, csi_node_helps),
            Hint(CSI_DRIVER, Action.UPDATE, driver_helps),
            Hint(CAPACITY, Action.ADD | Action.UPDATE, capacity_helps),
        ),
    )


class _Rule:
    def __init__(self, inventory: Inventory, seconds: float, curve: Curve) -> None:
        self._inventory = inventory
        self._seconds = seconds
        self._curve = curve
        self._choices: tuple[str, dict[str, Choice]] = ("", {})
        """Of the Pod that was asked for last: what it would get on each node that fits."""

    def prepare(self, pod: PodInfo, _: Cluster) -> Prepared | Refusal | None:
        if not pod.volumes:
            return None
        claimed = self._sort(pod)
        if claimed is None or isinstance(claimed, Refusal):
            return claimed

        finder = Finder(claimed, self._inventory)
        if finder.is_indifferent:
            return None
        choices: dict[str, Choice] = {}
        self._choices = (pod.uid, choices)

        def check(node: NodeInfo) -> Refusal | None:
            found = finder.find(node.labels, node.name)
            if not isinstance(found, Choice):
                return Refusal(found, is_lasting=True)
            choices[node.name] = found
            return None

        def reserve(node: NodeInfo) -> Hold | Refusal | None:
            found = Finder(claimed, self._inventory).find(node.labels, node.name)
            if not isinstance(found, Choice):
                return Refusal(found, is_lasting=True)
            return VolumeHold(self._inventory, pod, node, found, self._seconds)

        return Prepared(check, reserve=reserve if claimed.open else None)

    def prepare_score(self, pod: PodInfo, _: Cluster, __: Sequence[NodeInfo]) -> Rate | None:
        """How well the Pod's new claims leave room on a node (KEP-4049)."""
        uid, choices = self._choices
        if not pod.volumes or uid != pod.uid or not any(one.bind or one.provision for one in choices.values()):
            return None
        return lambda node: _rating(choices[node.name], self._curve) if node.name in choices else 0

    def _sort(self, pod: PodInfo) -> Claimed | Refusal | None:
        """The Pod's claims; a refusal when one of them is not as it has to be."""
        bound: list[PersistentVolumeClaim] = []
        still_open: list[PersistentVolumeClaim] = []
        has_immediate = False
        for wanted in claims_of(pod):
            claim = self._inventory.claims.get(wanted.key)
            if claim is None:
                return _refuse(_missing(wanted))
            if why := _fault(claim, wanted, pod):
                return _refuse(why)
            if is_fully_bound(claim):
                bound.append(claim)
            elif waits_for_consumer(self._inventory.class_of(claim)) and not claim.spec.volume_name:
                still_open.append(claim)
            else:
                has_immediate = True
        if has_immediate:
            return _UNBOUND
        return Claimed(bound, still_open) if bound or still_open else None


def _rating(choice: Choice, curve: Curve) -> int:
    """The mean over classes of what is asked for of what there is."""
    amounts: dict[str, tuple[int, int]] = {}
    for claim, volume in choice.bind:
        asked, there = amounts.get(class_of(volume), (0, 0))
        amounts[class_of(volume)] = (asked + int(requested(claim)), there + int(capacity(volume)))
    if not choice.bind:
        for claim, room in zip(choice.provision, choice.rooms, strict=True):
            if room is not None:
                asked, _ = amounts.get(class_of(claim), (0, 0))
                amounts[class_of(claim)] = (asked + int(requested(claim)), ceiling(room))
    return int(sum(curve(*one) for one in amounts.values()) / len(amounts) + 0.5) if amounts else 0


def _refuse(why: str) -> Refusal:
    return Refusal((why,), is_lasting=True)


def _missing(wanted: Wanted) -> str:
    name = wanted.key.name
    if wanted.is_ephemeral:
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    return f'persistentvolumeclaim "{name}" not found'


def _fault(claim: PersistentVolumeClaim, wanted: Wanted, pod: PodInfo) -> str:
    meta = claim.metadata
    if claim.status.phase == "Lost":
        volume = claim.spec.volume_name or ""
        return f'persistentvolumeclaim "{meta.name}" bound to non-existent persistentvolume "{volume}"'
    if meta.deletion_timestamp is not None:
        return f'persistentvolumeclaim "{meta.name}" is being deleted'
    if wanted.is_ephemeral and not is_made_for(claim, pod):
        return f"PVC {wanted.key} was not created for pod {pod.key} (pod is not owner)"
    return ""


def class_helps(_: PodInfo, old: StorageClass | None, new: StorageClass) -> bool:
    """A class is new, or may be had on other nodes."""
    return old is None or old.allowed_topologies != new.allowed_topologies


def csi_node_helps(_: PodInfo, old: CSINode | None, new: CSINode) -> bool:
    """A node says for the first time which drivers it has, or has them for other kinds of volumes."""
    return old is None or old.metadata.annotations.get(_MIGRATED) != new.metadata.annotations.get(_MIGRATED)


def driver_helps(_: PodInfo, old: CSIDriver | None, new: CSIDriver) -> bool:
    """The driver no longer says how much room it has, so it is not asked."""
    return old is not None and bool(old.spec.storage_capacity) and not new.spec.storage_capacity


def capacity_helps(_: PodInfo, old: CSIStorageCapacity | None, new: CSIStorageCapacity) -> bool:
    """There is room for larger volumes."""
    if old is None:
        return True
    before, now = volume_limit(old), volume_limit(new)
    return now is not None and (before is None or parse_quantity(now) > parse_quantity(before))
