"""Which volume suits which claim: one reading for the controller that binds them and the scheduler that chooses nodes.

The annotations are the protocol between binder, scheduler, provisioners and users; their names are upstream's. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from wherry.api import Obj
from wherry.api.core.placement import matches_term
from wherry.api.meta.quantity import parse_quantity
from wherry.api.meta.requirement import holds
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.meta_v1 import LabelSelector
from wherry.api.types.storage_v1 import StorageClass

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
"""On a claim: it was bound to its volume once; a volume that is missing now is lost."""
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
"""On either: the binding was the controller's choice, so the controller may take it back."""
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
"""On a volume: who made it, and is to delete it."""
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
"""On a claim: who is to make a volume for it, under the new and the old name."""
SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""On a claim: the node of the first Pod that uses it; its volume is to be reachable from there."""
NO_PROVISIONER = "kubernetes.io/no-provisioner"
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
MIGRATED_TO = "pv.kubernetes.io/migrated-to"
RECYCLER = "recycler-for-"
"""What the names of Pods begin with that clear a volume for its next claim; its own name follows."""


def class_of(obj: PersistentVolume | PersistentVolumeClaim) -> str:
    """The class of a volume or claim, "" for none; an old annotation still wins."""
    noted = obj.metadata.annotations.get(BETA_CLASS)
    return noted if noted is not None else obj.spec.storage_class_name or ""


def has_class(claim: PersistentVolumeClaim) -> bool:
    """Whether the claim says anything about classes, be it that it wants none."""
    return BETA_CLASS in claim.metadata.annotations or claim.spec.storage_class_name is not None


def is_default(storage_class: StorageClass) -> bool:
    return any(storage_class.metadata.annotations.get(name) == "true" for name in DEFAULT_CLASS)


def default_class(classes: Iterable[StorageClass]) -> StorageClass | None:
    """The newest of the default classes; of those of one second, the first by name."""
    found = sorted((c for c in classes if is_default(c)), key=lambda c: c.metadata.name)
    return max(found, key=_created, default=None)


def _created(storage_class: StorageClass) -> float:
    created = storage_class.metadata.creation_timestamp
    return created.timestamp() if created is not None else 0.0


def waits_for_consumer(storage_class: StorageClass | None) -> bool:
    """Whether volumes of this class are chosen together with the first Pod's node."""
    return storage_class is not None and storage_class.volume_binding_mode == "WaitForFirstConsumer"


def is_fully_bound(claim: PersistentVolumeClaim) -> bool:
    return bool(claim.spec.volume_name) and BIND_COMPLETED in claim.metadata.annotations


def is_bound_to(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume names the claim, be it only by name (reserved, not yet bound)."""
    reference = volume.spec.claim_ref
    if reference is None:
        return False
    meta = claim.metadata
    if (reference.name, reference.namespace) != (meta.name, meta.namespace):
        return False
    return not reference.uid or reference.uid == meta.uid


def free_in_class(volume: PersistentVolume) -> tuple[str, ...]:
    """The class in which the volume is to be had; none when somebody has it or it is kept for somebody. For indexes."""
    return () if volume.spec.claim_ref is not None else (class_of(volume),)


def claim_path(volume: PersistentVolume) -> tuple[str, ...]:
    """`namespace/name` of the claim that the volume names, if any. For indexes."""
    reference = volume.spec.claim_ref
    return (f"{reference.namespace}/{reference.name}",) if reference is not None else ()


def volume_binding(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Obj | None:
    """The change that makes a volume name its claim; None when it does."""
    meta, reference = claim.metadata, volume.spec.claim_ref
    named = (reference.name, reference.namespace, reference.uid) if reference is not None else None
    patch: Obj = {}
    if named != (meta.name, meta.namespace, meta.uid):
        patch["spec"] = {
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                "namespace": meta.namespace,
                "name": meta.name,
                "uid": meta.uid,
                "apiVersion": "v1",
                "resourceVersion": meta.resource_version,
            }
        }
    if not is_bound_to(volume, claim) and BOUND_BY_CONTROLLER not in volume.metadata.annotations:
        patch["metadata"] = {"annotations": {BOUND_BY_CONTROLLER: "yes"}}
    return patch or None


def versioned(patch: Obj, resource_version: str) -> Obj:
    """The same change, of that version only."""
    return {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": resource_version}}


def requested(claim: PersistentVolumeClaim) -> Decimal:
    resources = claim.spec.resources
    return parse_quantity(resources.requests.get("storage", "0") if resources is not None else "0")


def capacity(volume: PersistentVolume) -> Decimal:
    return parse_quantity(volume.spec.capacity.get("storage", "0"))


def is_mode_mismatch(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    return (claim.spec.volume_mode or "Filesystem") != (volume.spec.volume_mode or "Filesystem")


def offers_access(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    return all(mode in volume.spec.access_modes for mode in claim.spec.access_modes)


def reaches(volume: PersistentVolume, labels: Mapping[str, str], node_name: str = "") -> bool:
    """Whether a node with these labels can use the volume."""
    affinity = volume.spec.node_affinity
    if affinity is None or affinity.required is None:
        return True
    return any(matches_term(term, labels, node_name) for term in affinity.required.node_selector_terms)


def mismatch(claim: PersistentVolumeClaim, volume: PersistentVolume) -> str:
    """Why the volume that the claim asks for by name does not suit it; "" when it does."""
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _attributes_class(volume) != _attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if is_mode_mismatch(claim, volume):
        return "incompatible volumeMode"
    if not offers_access(claim, volume):
        return "incompatible accessMode"
    return ""


def _attributes_class(obj: PersistentVolume | PersistentVolumeClaim) -> str:
    return obj.spec.volume_attributes_class_name or ""


def best_match(
    claim: PersistentVolumeClaim,
    volumes: Iterable[PersistentVolume],
    *,
    waits: bool = False,
    node: tuple[Mapping[str, str], str] | None = None,
    taken: Collection[str] = (),
) -> PersistentVolume | None:
    """The volume that is reserved for the claim, or else the smallest that is free and large enough.

    Without a node the binder asks: where the claim `waits` for a consumer, only a reserved volume will do. With one
    (labels and name) the scheduler asks, for a volume that this node reaches and that is not among the `taken`.
    """
    wanted, best = requested(claim), None
    for volume in volumes:
        if volume.metadata.name in taken or volume.metadata.deletion_timestamp is not None:
            continue
        if is_mode_mismatch(claim, volume) or _attributes_class(volume) != _attributes_class(claim):
            continue
        if capacity(volume) < wanted:
            continue
        is_reachable = node is None or reaches(volume, *node)
        if is_bound_to(volume, claim):
            return volume if is_reachable else None
        if (node is None and waits) or not is_reachable or not _is_free_for(claim, volume):
            continue
        if best is None or capacity(volume) < capacity(best):
            best = volume
    return best


def best_by_access(
    claim: PersistentVolumeClaim, volumes: Iterable[PersistentVolume], *, waits: bool
) -> PersistentVolume | None:
    """The binder's choice: volumes that offer the fewest access modes beyond those asked for come first."""
    groups: dict[tuple[int, tuple[str, ...]], list[PersistentVolume]] = {}
    for volume in volumes:
        if offers_access(claim, volume):
            modes = tuple(sorted(set(volume.spec.access_modes)))
            groups.setdefault((len(modes), modes), []).append(volume)
    for group in sorted(groups):
        if (found := best_match(claim, groups[group], waits=waits)) is not None:
            return found
    return None


def _is_free_for(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    if volume.spec.claim_ref is not None or class_of(volume) != class_of(claim):
        return False
    selector = claim.spec.selector
    return selects(selector, volume.metadata.labels) and offers_access(claim, volume)


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether a selector that may be absent (then it picks all) picks these labels."""
    if selector is None:
        return True
    return all(labels.get(name) == value for name, value in selector.match_labels.items()) and all(
        holds(r.operator, labels.get(r.key), r.values) for r in selector.match_expressions
    )


def by_name(volumes: Iterable[PersistentVolume]) -> list[PersistentVolume]:
    """In an order that two runs share."""
    return sorted(volumes, key=lambda volume: volume.metadata.name)
