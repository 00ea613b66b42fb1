"""RuntimeClasses: names for ways to run a container (runc, a microVM)."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import dns1123_label_faults
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema


def validate(runtime_class: Obj) -> list[FieldError]:
    handler, scheduling = runtime_class.get("handler") or "", runtime_class.get("scheduling") or {}
    faults = [invalid("handler", handler, why) for why in dns1123_label_faults(handler)]
    for name, amount in ((runtime_class.get("overhead") or {}).get("podFixed") or {}).items():
        if parse_quantity(amount) < 0:
            faults.append(invalid(f"overhead.podFixed[{name}]", amount, NOT_NEGATIVE))
    return faults + validate_labels(scheduling.get("nodeSelector") or {}, "scheduling.nodeSelector")


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    handler = new.get("handler")
    return [] if handler == old.get("handler") else [invalid("handler", handler, IMMUTABLE)]


RUNTIMECLASSES = Resource(
    group="node.k8s.io",
    version="v1",
    kind="RuntimeClass",
    plural="runtimeclasses",
    schema=schema("node.k8s.io/v1", "RuntimeClass"),
    scope=Scope.CLUSTER,
    unconditional_update=False,
    columns=(NAME, Column("Handler", text("handler")), AGE),
    validate=validate,
    validate_update=validate_update,
)
