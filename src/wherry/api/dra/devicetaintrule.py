"""DeviceTaintRules: devices that pods should keep away from."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.dra.rules import validate_driver_name, validate_label, validate_pool_name
from wherry.api.dra.taints import stamp_taint, validate_taint
from wherry.api.field import FieldError, too_many
from wherry.api.meta.columns import AGE, NAME, since, text
from wherry.api.meta.conditions import validate_conditions
from wherry.api.meta.objectmeta import keep_metadata
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

_SELECTORS = {"driver": validate_driver_name, "pool": validate_pool_name, "device": validate_label}
_MAX_CONDITIONS = 8


def stamp(rule: Obj, old: Obj | None, now: str) -> None:
    """What is tolerated for a while is so since the taint has had its effect."""
    taint, before = _taint(rule), _taint(old or {})
    is_other = old is not None and taint.get("effect") != before.get("effect")
    if is_other and taint.get("timeAdded") == before.get("timeAdded"):
        taint.pop("timeAdded", None)
    if taint:
        stamp_taint(taint, now)


def _taint(rule: Obj) -> Obj:
    taint: Obj = (rule.get("spec") or {}).get("taint") or {}
    return taint


def validate_create(rule: Obj) -> list[FieldError]:
    spec = rule.get("spec") or {}
    return _validate_selector(spec.get("deviceSelector") or {}) + validate_taint(spec.get("taint") or {}, "spec.taint")


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new.get("spec") or {}, (old.get("spec") or {}).get("taint") or {}
    faults = _validate_selector(spec.get("deviceSelector") or {})
    return faults + validate_taint(spec.get("taint") or {}, "spec.taint", before)


def _validate_selector(selector: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    for key, judge in _SELECTORS.items():
        if selector.get(key) is not None:
            faults += judge(selector[key], f"spec.deviceSelector.{key}")
    return faults


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    conditions = (new.get("status") or {}).get("conditions") or []
    faults = validate_conditions(conditions, "status.conditions")
    if len(conditions) > _MAX_CONDITIONS:
        faults.append(too_many("status.conditions", len(conditions), _MAX_CONDITIONS))
    return faults


DEVICETAINTRULES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="DeviceTaintRule",
    plural="devicetaintrules",
    schema=schema("resource.k8s.io/v1", "DeviceTaintRule"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    has_generation=True,
    columns=(
        NAME,
        Column("Key", text("spec.taint.key")),
        Column("Value", text("spec.taint.value")),
        Column("Effect", text("spec.taint.effect")),
        Column("TimeAdded", since("spec.taint.timeAdded", "")),
        AGE,
    ),
    prepare_status_update=keep_metadata,
    stamp=stamp,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    returns_deleted=True,
)
