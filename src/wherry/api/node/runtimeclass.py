"""RuntimeClasses: names for ways to run a container (runc, a microVM)."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

RUNTIMECLASSES = Resource(
    group="node.k8s.io",
    version="v1",
    kind="RuntimeClass",
    plural="runtimeclasses",
    schema=schema("node.k8s.io/v1", "RuntimeClass"),
    scope=Scope.CLUSTER,
    unconditional_update=False,
    columns=(NAME, Column("Handler", text("handler")), AGE),
)
