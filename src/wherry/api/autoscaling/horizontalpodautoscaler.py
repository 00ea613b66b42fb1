"""HorizontalPodAutoscalers: how many replicas a workload should have, by what its pods use.

Kept as autoscaling/v2. The older v1 knows only a CPU target; what it cannot say travels in annotations
(`horizontalpodautoscaler_v1.py`).
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.autoscaling.metricrules import validate_metrics, validate_reference, version_fault
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, NONE, UNKNOWN, UNSET, number, text
from wherry.api.meta.objectmeta import NOT_NEGATIVE
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema

_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _reference(autoscaler: Obj, _: float) -> Cell:
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return f"{target.get('kind') or ''}/{target.get('name') or ''}"


def _targets(autoscaler: Obj, _: float) -> Cell:
    metrics = (autoscaler.get("spec") or {}).get("metrics")
    if not metrics:
        return NONE
    current = (autoscaler.get("status") or {}).get("currentMetrics") or []
    shown = [_target(m, current[i] if i < len(current) else {}) for i, m in enumerate(metrics[:2])]
    return ", ".join(shown) + (f" + {len(metrics) - 2} more..." if len(metrics) > 2 else "")


def _target(metric: dict[str, Any], status: dict[str, Any]) -> str:
    """`cpu: 12%/80%`, `100m/1 (avg)`: what is measured against what is wanted."""
    field = _SOURCES.get(metric.get("type") or "")
    if field is None:
        return "<unknown type>"
    source, target = metric.get(field) or {}, (metric.get(field) or {}).get("target") or {}
    current = (status.get(field) or {}).get("current") or {}
    if field in ("resource", "containerResource"):
        return f"{source.get('name') or ''}: {_usage(current, target)}"
    if field == "pods":
        return f"{current.get('averageValue', UNKNOWN)}/{target.get('averageValue', '0')}"
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue', UNKNOWN)}/{target['averageValue']} (avg)"
    return f"{current.get('value', UNKNOWN)}/{target.get('value', '0')}"


def _usage(current: dict[str, Any], target: dict[str, Any]) -> str:
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue', UNKNOWN)}/{target['averageValue']}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


COLUMNS = (
    NAME,
    Column("Reference", _reference),
    Column("Targets", _targets),
    Column("MinPods", text("spec.minReplicas", UNSET)),
    Column("MaxPods", number("spec.maxReplicas")),
    Column("Replicas", number("status.currentReplicas")),
    AGE,
)


ROUND_TRIP = tuple(
    "autoscaling.alpha.kubernetes.io/" + name
    for name in (
        "metrics",
        "behavior",
        "scale-down-tolerance",
        "scale-up-tolerance",
        "current-metrics",
        "conditions",
    )
)
"""Annotations in which autoscaling/v1 carries what it cannot say; here they say nothing."""

_MOST_SECONDS, _MOST_PERIOD = 3600, 1800
_SELECTIONS = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")


def _set_defaults(autoscaler: Obj) -> None:
    annotations = autoscaler["metadata"].get("annotations") or {}
    for key in ROUND_TRIP:
        annotations.pop(key, None)
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if (behavior := spec.get("behavior")) is not None:
        _default_rules(behavior, "scaleUp", [("Pods", 4, 15), ("Percent", 100, 15)], 0)
        _default_rules(behavior, "scaleDown", [("Percent", 100, 15)], None)


def _default_rules(behavior: Obj, direction: str, policies: list[tuple[str, int, int]], window: int | None) -> None:
    rules = behavior.setdefault(direction, {})
    if window is not None:
        rules.setdefault("stabilizationWindowSeconds", window)
    rules.setdefault("selectPolicy", "Max")
    if rules.get("policies") is None:
        rules["policies"] = [{"type": t, "value": value, "periodSeconds": period} for t, value, period in policies]


def validate_create(autoscaler: Obj) -> list[FieldError]:
    return _validate(autoscaler, None)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate(new, old)


def _validate(autoscaler: Obj, old: Obj | None) -> list[FieldError]:
    """Bounds that make sense, something to scale, and something to go by."""
    spec, before = autoscaler.get("spec") or {}, (old or {}).get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    faults: list[FieldError] = []
    if least is not None and least < 0:
        faults.append(invalid("spec.minReplicas", least, "must be greater than or equal to 0"))
    if most == 0:
        faults.append(required("spec.maxReplicas"))
    elif most < 0:
        faults.append(invalid("spec.maxReplicas", most, "must be greater than or equal to 1"))
    if least is not None and most < least:
        faults.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    faults += _validate_target(spec.get("scaleTargetRef") or {}, before.get("scaleTargetRef"))
    trusted = any(_has_bad_version(metric) for metric in before.get("metrics") or ())
    faults += validate_metrics(spec.get("metrics") or [], least, "spec.metrics", trusted)
    for direction in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(direction)
        if rules is not None:
            faults += _validate_rules(rules, f"spec.behavior.{direction}")
    return faults


def _validate_target(target: Obj, before: Obj | None) -> list[FieldError]:
    """Of all that can be scaled only ReplicationControllers belong to the core group."""
    kept = before is not None and all(before.get(field) == target.get(field) for field in ("apiVersion", "kind"))
    in_core = target.get("kind") == "ReplicationController"
    return validate_reference(target, "spec.scaleTargetRef", trust_version=kept, allow_core=in_core)


def _has_bad_version(metric: Obj) -> bool:
    described = (metric.get("object") or {}).get("describedObject") or {}
    return metric.get("type") == "Object" and bool(version_fault(described.get("apiVersion") or "", allow_core=True))


def _validate_rules(rules: Obj, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    window, selection = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    where = path + ".stabilizationWindowSeconds"
    if window is not None and window < 0:
        faults.append(invalid(where, window, "must be greater than or equal to zero"))
    if window is not None and window > _MOST_SECONDS:
        faults.append(invalid(where, window, f"must be less than or equal to {_MOST_SECONDS}"))
    if selection is not None and selection not in _SELECTIONS:
        faults.append(not_supported(path + ".selectPolicy", selection, _SELECTIONS))
    if not rules.get("policies"):
        faults.append(required(path + ".policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies") or ()):
        faults += _validate_policy(policy, f"{path}.policies[{index}]")
    if (tolerance := rules.get("tolerance")) is not None and parse_quantity(tolerance) < 0:
        faults.append(invalid(path + ".tolerance", tolerance, NOT_NEGATIVE))
    return faults


def _validate_policy(policy: Obj, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    kind, value, period = policy.get("type") or "", policy.get("value") or 0, policy.get("periodSeconds") or 0
    if kind not in _POLICIES:
        faults.append(not_supported(path + ".type", kind, _POLICIES))
    if value <= 0:
        faults.append(invalid(path + ".value", value, "must be greater than zero"))
    if period <= 0:
        faults.append(invalid(path + ".periodSeconds", period, "must be greater than zero"))
    if period > _MOST_PERIOD:
        faults.append(invalid(path + ".periodSeconds", period, f"must be less than or equal to {_MOST_PERIOD}"))
    return faults


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    status = new.get("status") or {}
    return [
        invalid(f"status.{field}", status[field], NOT_NEGATIVE)
        for field in ("currentReplicas", "desiredReplicas")
        if (status.get(field) or 0) < 0
    ]


HORIZONTALPODAUTOSCALERS = Resource(
    group="autoscaling",
    version="v2",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    schema=schema("autoscaling/v2", "HorizontalPodAutoscaler"),
    short_names=("hpa",),
    categories=("all",),
    columns=COLUMNS,
    subresources=(STATUS,),
    defaults=_set_defaults,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
