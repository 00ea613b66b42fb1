"""CSINodes: which storage drivers a node has."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

CSINODES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="CSINode",
    plural="csinodes",
    schema=schema("storage.k8s.io/v1", "CSINode"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(NAME, Column("Drivers", size("spec.drivers"), "integer"), AGE),
    returns_deleted=True,
)
