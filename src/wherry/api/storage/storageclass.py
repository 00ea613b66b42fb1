"""StorageClasses: what kinds of volume there are and who makes them."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, boolean, text
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
)
