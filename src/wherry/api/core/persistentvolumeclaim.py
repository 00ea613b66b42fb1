"""PersistentVolumeClaims: a pod's wish for storage, and the volume it got."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from wherry.api import Obj
from wherry.api.core.persistentvolume import format_access_modes, phase, storage_class_name, validate_access_modes
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, UNSET, text
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _is_bound(claim: Obj) -> bool:
    return bool((claim.get("spec") or {}).get("volumeName"))


def _capacity(claim: Obj, _: float) -> Cell:
    capacity = (claim.get("status") or {}).get("capacity") or {}
    return str(capacity.get("storage") or "0") if _is_bound(claim) else ""


def _access_modes(claim: Obj, _: float) -> Cell:
    return format_access_modes((claim.get("status") or {}).get("accessModes")) if _is_bound(claim) else ""


_CHANGEABLE = ("resources", "volumeAttributesClassName", "volumeName", "storageClassName")


def set_defaults(claim: Obj) -> None:
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def prepare_create(claim: Obj) -> None:
    claim["status"] = {"phase": "Pending"}


def validate(claim: Obj) -> list[FieldError]:
    spec = claim["spec"]
    faults = validate_label_selector(spec.get("selector"), "spec.selector")
    faults += validate_access_modes(spec, "at least 1 access mode is required")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        faults.append(required("spec.resources[storage]"))
    elif parse_quantity(storage) <= 0:
        faults.append(invalid("spec.resources[storage]", storage, "must be greater than zero"))
    if spec.get("volumeMode") not in ("Block", "Filesystem"):
        faults.append(not_supported("spec.volumeMode", spec.get("volumeMode") or "", ("Block", "Filesystem")))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Once a claim is bound it may grow, and nothing else."""
    spec, before = new["spec"], old["spec"]
    allowed = list(_CHANGEABLE) if not before.get("volumeName") else ["resources", "volumeAttributesClassName"]
    if before.get("storageClassName") is not None and "storageClassName" in allowed:
        allowed.remove("storageClassName")
    if any(spec.get(f) != before.get(f) for f in spec.keys() | before.keys() if f not in allowed):
        why = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        return [forbidden("spec", why)]
    asked, had = _storage(spec), _storage(before)
    if asked < had and asked < _capacity_of(old, had):
        why = "field can not be less than status.capacity"
        return [forbidden("spec.resources.requests.storage", why)]
    return []


def _storage(spec: dict[str, Any]) -> Decimal:
    return parse_quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage") or "0")


def _capacity_of(claim: Obj, default: Decimal) -> Decimal:
    text = ((claim.get("status") or {}).get("capacity") or {}).get("storage")
    return parse_quantity(text) if text else default


PERSISTENTVOLUMECLAIMS = Resource(
    group="",
    version="v1",
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    schema=schema("v1", "PersistentVolumeClaim"),
    short_names=("pvc",),
    returns_deleted=True,
    columns=(
        NAME,
        Column("Status", phase),
        Column("Volume", text("spec.volumeName")),
        Column("Capacity", _capacity),
        Column("Access Modes", _access_modes),
        Column("StorageClass", lambda claim, _: storage_class_name(claim)),
        Column("VolumeAttributesClass", text("spec.volumeAttributesClassName", UNSET)),
        AGE,
        Column("VolumeMode", text("spec.volumeMode", UNSET), priority=1),
    ),
    subresources=(STATUS,),
    defaults=set_defaults,
    prepare_create=prepare_create,
    validate=validate,
    validate_update=validate_update,
)
