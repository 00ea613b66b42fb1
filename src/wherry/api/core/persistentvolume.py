"""PersistentVolumes: storage that outlives pods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, UNSET, text
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.meta.quantity import parse_quantity
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


_POLICIES = ("Delete", "Recycle", "Retain")
_VOLUME_MODES = ("Block", "Filesystem")
_SETTLED_LATER = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def set_defaults(volume: Obj) -> None:
    spec = volume.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    if host_path := spec.get("hostPath"):
        host_path.setdefault("type", "")
    if reference := spec.get("claimRef"):
        reference.setdefault("apiVersion", "v1")
        reference.setdefault("kind", "PersistentVolumeClaim")


def prepare_create(volume: Obj) -> None:
    volume["status"] = {"phase": "Pending"}


def validate(volume: Obj) -> list[FieldError]:
    spec, faults = volume["spec"], validate_access_modes(volume["spec"], "must be specified")
    capacity = spec.get("capacity")
    if not capacity:
        faults.append(required("spec.capacity"))
    elif list(capacity) != ["storage"]:
        faults.append(not_supported("spec.capacity", ",".join(capacity), ("storage",)))
    elif parse_quantity(capacity["storage"]) <= 0:
        faults.append(invalid("spec.capacity[storage]", capacity["storage"], "must be greater than zero"))
    sources = source_of(volume)
    if not sources:
        faults.append(required("spec", "must specify a volume type"))
    for extra in list(sources)[1:]:
        faults.append(forbidden("spec." + extra, "may not specify more than 1 volume type"))
    if spec["persistentVolumeReclaimPolicy"] not in _POLICIES:
        path = "spec.persistentVolumeReclaimPolicy"
        faults.append(not_supported(path, spec["persistentVolumeReclaimPolicy"], _POLICIES))
    if spec["volumeMode"] not in _VOLUME_MODES:
        faults.append(not_supported("spec.volumeMode", spec["volumeMode"], _VOLUME_MODES))
    if (spec.get("hostPath") or {}).get("path") == "/" and spec["persistentVolumeReclaimPolicy"] == "Recycle":
        faults.append(
            forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'")
        )
    return faults


def validate_access_modes(spec: dict[str, Any], why: str) -> list[FieldError]:
    """Of a volume or a claim: at least one, all known, and the exclusive one alone."""
    modes = spec.get("accessModes") or []
    if not modes:
        return [required("spec.accessModes", why)]
    faults = [not_supported("spec.accessModes", mode, _MODES) for mode in modes if mode not in _MODES]
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        why = "may not use ReadWriteOncePod with other access modes"
        faults.append(forbidden("spec.accessModes", why))
    return faults


def source_of(volume: Obj) -> dict[str, Any]:
    """Where the data of a volume are: the one field of its specification that is not common to all."""
    return {name: value for name, value in volume["spec"].items() if name not in _SETTLED_LATER}


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    if source_of(new) != source_of(old):
        why = "spec.persistentvolumesource is immutable after creation"
        faults.append(forbidden("spec.persistentvolumesource", why))
    if new["spec"].get("volumeMode") != old["spec"].get("volumeMode"):
        faults.append(invalid("spec.volumeMode", new["spec"].get("volumeMode"), IMMUTABLE))
    return faults


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
    defaults=set_defaults,
    prepare_create=prepare_create,
    validate=validate,
    validate_update=validate_update,
)
