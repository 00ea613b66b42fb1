"""HorizontalPodAutoscalers: how many replicas a workload should have, by what its pods use.

Kept as autoscaling/v2. The older v1 knows only a CPU target; what it cannot say travels in annotations (`v1.py`).
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import AGE, NAME, NONE, UNKNOWN, UNSET, number, text
from wherry.api.meta.names import path_segment_faults
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


def _set_defaults(autoscaler: Obj) -> None:
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if behavior := spec.get("behavior"):
        _default_rules(behavior, "scaleUp", [("Pods", 4, 15), ("Percent", 100, 15)], 0)
        _default_rules(behavior, "scaleDown", [("Percent", 100, 15)], None)


def _default_rules(behavior: Obj, direction: str, policies: list[tuple[str, int, int]], window: int | None) -> None:
    rules = behavior.setdefault(direction, {})
    rules.setdefault("selectPolicy", "Max")
    if window is not None:
        rules.setdefault("stabilizationWindowSeconds", window)
    if not rules.get("policies"):
        rules["policies"] = [{"type": t, "value": value, "periodSeconds": period} for t, value, period in policies]


def validate(autoscaler: Obj) -> list[FieldError]:
    """Bounds that make sense, and something to scale; the same in both versions."""
    spec = autoscaler.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    faults: list[FieldError] = []
    if least is not None and least < 1:
        faults.append(invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        faults.append(invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        faults.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        value = target.get(field) or ""
        if not value:
            faults.append(required(f"spec.scaleTargetRef.{field}"))
        else:
            faults += [invalid(f"spec.scaleTargetRef.{field}", value, why) for why in path_segment_faults(value)]
    return faults


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
    validate=validate,
)
