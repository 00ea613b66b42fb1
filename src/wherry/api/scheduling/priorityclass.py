"""PriorityClasses: names for how important a pod is."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, boolean, number, text
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

MAX_USER_PRIORITY = 1_000_000_000
_SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_POLICIES = ("Never", "PreemptLowerPriority")


def set_defaults(priority_class: Obj) -> None:
    priority_class.setdefault("preemptionPolicy", "PreemptLowerPriority")
    priority_class.setdefault("value", 0)


def validate(priority_class: Obj) -> list[FieldError]:
    """Priorities above those of users are the system's own."""
    name, value = priority_class["metadata"].get("name") or "", priority_class["value"]
    faults: list[FieldError] = []
    if name.startswith("system-"):
        if _SYSTEM.get(name) != value or priority_class.get("globalDefault"):
            why = "priority class names with 'system-' prefix are reserved for system use only"
            faults.append(forbidden("metadata.name", why))
    elif value > MAX_USER_PRIORITY:
        why = f"maximum allowed value of a user defined priority is {MAX_USER_PRIORITY}"
        faults.append(forbidden("value", why))
    policy = priority_class["preemptionPolicy"]
    if policy not in _POLICIES:
        faults.append(not_supported("preemptionPolicy", policy, _POLICIES))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    if new["value"] != (old.get("value") or 0):
        faults.append(forbidden("value", "may not be changed in an update."))
    if new["preemptionPolicy"] != old.get("preemptionPolicy"):
        faults.append(invalid("preemptionPolicy", new["preemptionPolicy"], IMMUTABLE))
    return faults


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
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
)
