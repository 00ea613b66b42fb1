"""VolumeAttributesClasses: properties of volumes that may change while they are in use."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _name(attributes_class: Obj, _: float) -> Cell:
    metadata = attributes_class["metadata"]
    default = (metadata.get("annotations") or {}).get("volumeattributesclass.kubernetes.io/is-default-class") == "true"
    return f"{metadata['name']} (default)" if default else str(metadata["name"])


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
    returns_deleted=True,
)
