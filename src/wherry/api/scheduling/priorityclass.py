"""PriorityClasses: names for how important a pod is."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, boolean, number, text
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

PRIORITYCLASSES = Resource(
    group="scheduling.k8s.io",
    version="v1",
    kind="PriorityClass",
    plural="priorityclasses",
    schema=schema("scheduling.k8s.io/v1", "PriorityClass"),
    short_names=("pc",),
    scope=Scope.CLUSTER,
    has_generation=True,
    columns=(
        NAME,
        Column("Value", number("value"), "integer"),
        Column("Global-Default", boolean("globalDefault"), "boolean"),
        AGE,
        Column("PreemptionPolicy", text("preemptionPolicy"), priority=0),
    ),
)
