"""FlowSchemas: which requests belong to which priority level."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, number, text
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _dangling(schema_: Obj, _: float) -> Cell:
    for condition in (schema_.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Dangling":
            return str(condition["status"])
    return "?"


def set_defaults(schema_: Obj) -> None:
    schema_.setdefault("spec", {}).setdefault("matchingPrecedence", 1000)


FLOWSCHEMAS = Resource(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="FlowSchema",
    plural="flowschemas",
    schema=schema("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("PriorityLevel", text("spec.priorityLevelConfiguration.name")),
        Column("MatchingPrecedence", number("spec.matchingPrecedence")),
        Column("DistinguisherMethod", text("spec.distinguisherMethod.type", NONE)),
        AGE,
        Column("MissingPL", _dangling),
    ),
    defaults=set_defaults,
)
