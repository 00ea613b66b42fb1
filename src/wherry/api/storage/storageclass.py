"""StorageClasses: what kinds of volume there are and who makes them."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, boolean, text
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def is_default(storage_class: Obj) -> bool:
    """Whether claims that name no class get this one."""
    annotations = storage_class["metadata"].get("annotations") or {}
    return any(annotations.get(key) == "true" for key in _DEFAULT)


def _name(storage_class: Obj, _: float) -> Cell:
    name: str = storage_class["metadata"]["name"]
    return name + " (default)" if is_default(storage_class) else name


_MODES = ("Immediate", "WaitForFirstConsumer")
_POLICIES = ("Delete", "Recycle", "Retain")
_SETTLED = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")


def set_defaults(storage_class: Obj) -> None:
    storage_class.setdefault("reclaimPolicy", "Delete")
    storage_class.setdefault("volumeBindingMode", "Immediate")


def validate(storage_class: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    if storage_class["reclaimPolicy"] not in _POLICIES:
        faults.append(not_supported("reclaimPolicy", storage_class["reclaimPolicy"], _POLICIES))
    if storage_class["volumeBindingMode"] not in _MODES:
        faults.append(not_supported("volumeBindingMode", storage_class["volumeBindingMode"], _MODES))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    for field in _SETTLED:
        if new.get(field) == old.get(field):
            continue
        if field in ("parameters", "provisioner"):
            faults.append(forbidden(field, f"updates to {field} are forbidden."))
        else:
            faults.append(invalid(field, new.get(field), IMMUTABLE))
    return faults


STORAGECLASSES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="StorageClass",
    plural="storageclasses",
    schema=schema("storage.k8s.io/v1", "StorageClass"),
    short_names=("sc",),
    scope=Scope.CLUSTER,
    columns=(
        Column("Name", _name, format="name", description=NAME.description),
        Column("Provisioner", text("provisioner")),
        Column("ReclaimPolicy", text("reclaimPolicy", "Delete")),
        Column("VolumeBindingMode", text("volumeBindingMode", "Immediate")),
        Column("AllowVolumeExpansion", boolean("allowVolumeExpansion")),
        AGE,
    ),
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
    returns_deleted=True,
)
