"""ResourceSlices: the devices that a driver has on a node."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

RESOURCESLICES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceSlice",
    plural="resourceslices",
    schema=schema("resource.k8s.io/v1", "ResourceSlice"),
    scope=Scope.CLUSTER,
    has_generation=True,
    fields={
        "spec.nodeName": lambda slice_: (slice_.get("spec") or {}).get("nodeName") or "",
        "spec.driver": lambda slice_: (slice_.get("spec") or {}).get("driver") or "",
    },
    columns=(
        NAME,
        Column("Node", text("spec.nodeName")),
        Column("Driver", text("spec.driver")),
        Column("Pool", text("spec.pool.name")),
        AGE,
    ),
    returns_deleted=True,
)
