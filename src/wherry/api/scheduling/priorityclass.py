"""PriorityClasses: names for how important a pod is."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, boolean, number, text
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Column, Resource, Scope
from wherry.api.schema import schema

MAX_USER_PRIORITY = 1_000_000_000
_SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_POLICIES = ("PreemptLowerPriority", "Never")


def set_defaults(priority_class: Obj) -> None:
    priority_class.setdefault("preemptionPolicy", "PreemptLowerPriority")
    priority_class.setdefault("value", 0)


def prepare_create(priority_class: Obj) -> None:
    """Nothing that may change makes another generation."""
    priority_class["metadata"]["generation"] = 1


def validate_create(priority_class: Obj) -> list[FieldError]:
    """Priorities above those of users are the system's own."""
    name, value = priority_class["metadata"].get("name") or "", priority_class["value"]
    faults: list[FieldError] = []
    if name.startswith("system-"):
        if error := _system_fault(name, value, bool(priority_class.get("globalDefault"))):
            why = f"priority class names with 'system-' prefix are reserved for system use only. error: {error}"
            faults.append(forbidden("metadata.name", why))
    elif value > MAX_USER_PRIORITY:
        why = f"maximum allowed value of a user defined priority is {MAX_USER_PRIORITY}"
        faults.append(forbidden("value", why))
    policy = priority_class["preemptionPolicy"]
    if not policy:
        faults.append(required("preemptionPolicy"))
    elif policy not in _POLICIES:
        faults.append(not_supported("preemptionPolicy", policy, _POLICIES))
    return faults


def _system_fault(name: str, value: int, is_default: bool) -> str:
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    if value != _SYSTEM[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


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
    columns=(
        NAME,
        Column("Value", number("value"), "integer"),
        Column("Global-Default", boolean("globalDefault"), "boolean"),
        AGE,
        Column("PreemptionPolicy", text("preemptionPolicy"), priority=0),
    ),
    defaults=set_defaults,
    prepare_create=prepare_create,
    validate_create=validate_create,
    validate_update=validate_update,
)
