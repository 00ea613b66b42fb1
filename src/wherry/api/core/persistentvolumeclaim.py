"""PersistentVolumeClaims: a pod's wish for storage, and the volume it got."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.persistentvolume import format_access_modes, phase, storage_class_name
from wherry.api.meta.columns import AGE, NAME, UNSET, text
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _is_bound(claim: Obj) -> bool:
    return bool((claim.get("spec") or {}).get("volumeName"))


def _capacity(claim: Obj, _: float) -> Cell:
    capacity = (claim.get("status") or {}).get("capacity") or {}
    return str(capacity.get("storage") or "0") if _is_bound(claim) else ""


def _access_modes(claim: Obj, _: float) -> Cell:
    return format_access_modes((claim.get("status") or {}).get("accessModes")) if _is_bound(claim) else ""


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
)
