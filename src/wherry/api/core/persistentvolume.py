"""PersistentVolumes: storage that outlives pods."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, UNSET, text
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def format_access_modes(modes: Iterable[str] | None) -> str:
    """`RWO,RWX`, in upstream's order and each once."""
    present = set(modes or ())
    return ",".join(short for mode, short in _MODES.items() if mode in present)


def storage_class_name(obj: Obj) -> str:
    """The class of a volume or claim; an old annotation still wins."""
    annotations = obj["metadata"].get("annotations") or {}
    return annotations.get(CLASS_ANNOTATION) or (obj.get("spec") or {}).get("storageClassName") or ""


def phase(obj: Obj, _: float) -> Cell:
    """The phase of a volume or claim, or that it is on its way out."""
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else (obj.get("status") or {}).get("phase") or ""


def _claim(volume: Obj, _: float) -> Cell:
    claim = (volume.get("spec") or {}).get("claimRef")
    return f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else ""


PERSISTENTVOLUMES = Resource(
    group="",
    version="v1",
    kind="PersistentVolume",
    plural="persistentvolumes",
    schema=schema("v1", "PersistentVolume"),
    short_names=("pv",),
    scope=Scope.CLUSTER,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Capacity", text("spec.capacity.storage", "0")),
        Column("Access Modes", lambda volume, _: format_access_modes((volume.get("spec") or {}).get("accessModes"))),
        Column("Reclaim Policy", text("spec.persistentVolumeReclaimPolicy")),
        Column("Status", phase),
        Column("Claim", _claim),
        Column("StorageClass", lambda volume, _: storage_class_name(volume)),
        Column("VolumeAttributesClass", text("spec.volumeAttributesClassName", UNSET)),
        Column("Reason", text("status.reason")),
        AGE,
        Column("VolumeMode", text("spec.volumeMode", UNSET), priority=1),
    ),
    subresources=(STATUS,),
)
