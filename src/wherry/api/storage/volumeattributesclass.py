"""VolumeAttributesClasses: properties of volumes that may change while they are in use."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema
from wherry.api.storage.rules import validate_parameters, validate_provisioner


def _name(attributes_class: Obj, _: float) -> Cell:
    metadata = attributes_class["metadata"]
    default = (metadata.get("annotations") or {}).get("volumeattributesclass.kubernetes.io/is-default-class") == "true"
    return f"{metadata['name']} (default)" if default else str(metadata["name"])


def validate(attributes_class: Obj) -> list[FieldError]:
    faults = validate_provisioner(attributes_class.get("driverName") or "", "driverName")
    return faults + validate_parameters(attributes_class.get("parameters"), "parameters", may_be_empty=False)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [
        forbidden(field, f"updates to {field} are forbidden.")
        for field in ("driverName", "parameters")
        if (new.get(field) or None) != (old.get(field) or None)
    ]


VOLUMEATTRIBUTESCLASSES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="VolumeAttributesClass",
    plural="volumeattributesclasses",
    schema=schema("storage.k8s.io/v1", "VolumeAttributesClass"),
    short_names=("vac",),
    scope=Scope.CLUSTER,
    columns=(
        Column("Name", _name, format="name", description=NAME.description),
        Column("DriverName", text("driverName")),
        AGE,
    ),
    validate=validate,
    validate_update=validate_update,
    returns_deleted=True,
)
