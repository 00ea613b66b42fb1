"""ComponentStatuses: the deprecated health view of the control plane; made up on demand, never stored."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import NAME, Value
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _condition(part: str) -> Value:
    def value(status: Obj, _: float) -> Cell:
        return next((c.get(part) or "" for c in status.get("conditions") or () if c["type"] == "Healthy"), "")

    return value


def _healthy(status: Obj, _: float) -> Cell:
    states = [condition["status"] for condition in status.get("conditions") or () if condition["type"] == "Healthy"]
    if not states:
        return "Unknown"
    return "Healthy" if states[0] == "True" else "Unhealthy"


COMPONENTSTATUSES = Resource(
    group="",
    version="v1",
    kind="ComponentStatus",
    plural="componentstatuses",
    schema=schema("v1", "ComponentStatus"),
    short_names=("cs",),
    scope=Scope.CLUSTER,
    verbs=("get", "list"),
    stored=False,
    deprecation="v1 ComponentStatus is deprecated in v1.19+",
    columns=(
        NAME,
        Column("Status", _healthy),
        Column("Message", _condition("message")),
        Column("Error", _condition("error")),
    ),
)
