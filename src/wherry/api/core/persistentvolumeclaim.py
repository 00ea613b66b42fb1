"""PersistentVolumeClaims: a pod's wish for storage, and the volume it got."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from wherry.api import Obj
from wherry.api.core.claimspec import validate_claim_spec, warn_of_claim_spec
from wherry.api.core.difference import difference
from wherry.api.core.persistentvolume import (
    CLASS_ANNOTATION,
    format_access_modes,
    phase,
    storage_class_name,
    warn_of_class_annotation,
)
from wherry.api.core.resourcenames import is_native
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, UNSET, text
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.meta.quantity import ceiling, parse_quantity
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema

Faults = list[FieldError]
Spec = dict[str, Any]


def _is_bound(claim: Obj) -> bool:
    return bool((claim.get("spec") or {}).get("volumeName"))


def _capacity(claim: Obj, _: float) -> Cell:
    capacity = (claim.get("status") or {}).get("capacity") or {}
    return str(capacity.get("storage") or "0") if _is_bound(claim) else ""


def _access_modes(claim: Obj, _: float) -> Cell:
    return format_access_modes((claim.get("status") or {}).get("accessModes")) if _is_bound(claim) else ""


_SHOWN_SOURCES = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
"""What the older of the two fields for a source of data may name by itself."""
_REFERENCE = ("apiGroup", "kind", "name")
_RESIZES = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)


def set_defaults(claim: Obj) -> None:
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def prepare_create(claim: Obj) -> None:
    claim["status"] = {"phase": "Pending"}
    _drop_sources(claim["spec"])
    _pair_sources(claim["spec"])


def prepare_update(new: Obj, old: Obj) -> None:
    """A client that knows only one of the two fields may leave the other out."""
    before = old["spec"]
    if before.get("dataSource") is None and before.get("dataSourceRef") is None:
        _drop_sources(new["spec"])
    _pair_sources(new["spec"])


def _drop_sources(spec: Spec) -> None:
    """Nothing unusual but by reference."""
    source = spec.get("dataSource")
    if source is None or spec.get("dataSourceRef") is not None:
        return
    if (source.get("apiGroup") or "", source.get("kind")) not in _SHOWN_SOURCES:
        del spec["dataSource"]


def _pair_sources(spec: Spec) -> None:
    """`dataSource` and `dataSourceRef` say the same; who gives one gets both. (KEP-1495)"""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        spec["dataSource"] = {field: reference[field] for field in _REFERENCE if field in reference}


def validate_create(claim: Obj) -> Faults:
    return validate_claim_spec(claim["spec"], "spec")


def validate_update(new: Obj, old: Obj) -> Faults:
    """Once a claim is bound it may grow and change its attributes, and nothing else."""
    spec, before = new["spec"], old["spec"]
    faults = validate_claim_spec(spec, "spec", before)
    theirs, ours = dict(before), dict(spec)
    if not before.get("volumeName"):
        _copy(theirs, spec, "volumeName")
    _allow_class(new, old, ours, faults)
    if (new.get("status") or {}).get("phase") == "Bound":
        resources = ours.get("resources") or {}
        if "requests" in resources:
            requests = dict(resources["requests"])
            requests["storage"] = _requested(before)
            ours["resources"] = {**resources, "requests": requests}
        if ours.get("volumeAttributesClassName") is not None:
            _copy(ours, before, "volumeAttributesClassName")
    if ours != theirs:
        why = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
            "claims\n" + difference(theirs, ours, "core.PersistentVolumeClaimSpec")
        )
        faults.append(forbidden("spec", why))
    asked = parse_quantity(_requested(spec))
    if asked < parse_quantity(_requested(before)) and asked <= _capacity_of(old):
        why = "field can not be less than status.capacity"
        faults.append(forbidden("spec.resources.requests.storage", why))
    if spec.get("volumeMode") != before.get("volumeMode"):
        faults.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    if before.get("volumeAttributesClassName") is not None and not spec.get("volumeAttributesClassName"):
        to = "nil" if spec.get("volumeAttributesClassName") is None else "an empty string"
        faults.append(forbidden("spec.volumeAttributesClassName", f"update from non-nil value to {to} is forbidden"))
    return faults


def _copy(target: Spec, source: Spec, field: str) -> None:
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)


def _allow_class(new: Obj, old: Obj, spec: Spec, faults: Faults) -> None:
    """A class may be named where none was; the old annotation moves to the field, or stays."""
    name, before = spec.get("storageClassName"), old["spec"].get("storageClassName")
    noted = (old["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    now = (new["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    is_moved = noted is not None and before is None and name == noted and now in (None, noted)
    if not is_moved and (noted or "") != (now or ""):
        faults.append(invalid(f"metadata[{CLASS_ANNOTATION}]", now or "", IMMUTABLE))
    if name is not None and before is None and noted in (None, name):
        del spec["storageClassName"]


def _requested(spec: Spec) -> str:
    return ((spec.get("resources") or {}).get("requests") or {}).get("storage") or "0"


def _capacity_of(claim: Obj) -> Decimal:
    return parse_quantity(((claim.get("status") or {}).get("capacity") or {}).get("storage") or "0")


def validate_status_update(new: Obj, _: Obj) -> Faults:
    status = new.get("status") or {}
    faults: Faults = []
    if not new["spec"].get("accessModes"):
        faults.append(required("Spec.accessModes"))
    for name, amount in (status.get("capacity") or {}).items():
        _validate_amount(amount, f"status.capacity[{name}]", faults)
    path = "status.allocatedResourceStatus"
    for name, state in (status.get("allocatedResourceStatuses") or {}).items():
        _validate_name(name, path, faults)
        if state not in _RESIZES:
            faults.append(not_supported(path, name, _RESIZES))
    path = "status.allocatedResources"
    for name, amount in (status.get("allocatedResources") or {}).items():
        if not _validate_name(name, path, faults):
            _validate_amount(amount, f"{path}[{name}]", faults)
    return faults


def _validate_amount(amount: str, path: str, faults: Faults) -> None:
    if parse_quantity(amount) < 0:
        faults.append(invalid(path, ceiling(amount), "must be a valid resource quantity"))


def _validate_name(name: str, path: str, faults: Faults) -> bool:
    """Of what is allocated: storage, or something of a driver's own. Returns whether there was anything wrong."""
    reasons = qualified_name_faults(name)
    faults += [invalid(path, name, why) for why in reasons]
    if not reasons and is_native(name) and name != "storage":
        faults.append(not_supported(path, name, ("storage",)))
        return True
    return bool(reasons)


def warnings(new: Obj, _: Obj | None) -> list[str]:
    return warn_of_class_annotation(new) + warn_of_claim_spec(new["spec"], "spec")


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
    prepare_update=prepare_update,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warnings,
)
