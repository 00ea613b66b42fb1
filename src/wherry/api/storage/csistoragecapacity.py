"""CSIStorageCapacities: how much room a driver has, and where."""

from __future__ import annotations

from wherry.api.meta.columns import NAME, UNSET, text
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

CSISTORAGECAPACITIES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="CSIStorageCapacity",
    plural="csistoragecapacities",
    schema=schema("storage.k8s.io/v1", "CSIStorageCapacity"),
    unconditional_update=False,
    columns=(NAME, Column("StorageClassName", text("storageClassName")), Column("Capacity", text("capacity", UNSET))),
    returns_deleted=True,
)
