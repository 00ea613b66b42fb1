"""PodDisruptionBudgets: how many pods of a set may be missing when somebody makes room."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, number, text
from wherry.api.meta.conditions import validate_conditions
from wherry.api.meta.intorstring import validate_at_most_100, validate_positive
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.objectmeta import NOT_NEGATIVE
from wherry.api.resource import STATUS, Column, Resource
from wherry.api.schema import schema

_EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def validate(budget: Obj) -> list[FieldError]:
    spec, faults = budget.get("spec") or {}, list[FieldError]()
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        faults.append(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    for field in ("minAvailable", "maxUnavailable"):
        if (value := spec.get(field)) is not None:
            faults += validate_positive(value, "spec." + field)
            faults += validate_at_most_100(value, "spec." + field)
    faults += validate_label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        faults.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES))
    return faults


_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    status = new.get("status") or {}
    faults = validate_conditions(status.get("conditions"), "status.conditions")
    return faults + [invalid(f"status.{f}", status[f], NOT_NEGATIVE) for f in _COUNTS if (status.get(f) or 0) < 0]


PODDISRUPTIONBUDGETS = Resource(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    schema=schema("policy/v1", "PodDisruptionBudget"),
    short_names=("pdb",),
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Min Available", text("spec.minAvailable", "N/A")),
        Column("Max Unavailable", text("spec.maxUnavailable", "N/A")),
        Column("Allowed Disruptions", number("status.disruptionsAllowed"), "integer"),
        AGE,
    ),
    validate=validate,
    validate_status_update=validate_status_update,
)
