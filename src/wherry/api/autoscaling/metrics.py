"""Metrics of autoscalers in the flat spelling that annotations of autoscaling/v1 use, and in that of v2.

    {"type": "Pods", "pods": {"metricName": "q", "targetAverageValue": "10"}}
    {"type": "Pods", "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "10"}}}

What is wanted and what was measured are spelt a little differently. The tables name each flat field, where it comes
from, and what stands for nothing where the flat spelling must say something; their order is that of upstream's text.
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.meta.quantity import parse_quantity

_FIELDS = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "External": "external",
}

Table = tuple[tuple[str, str, Any], ...]
"""(flat field, field of v2 as `part.name`, what a missing one is written as; None leaves it out)"""

_TARGETS: dict[str, Table] = {
    "object": (
        ("target", "describedObject", {}),
        ("metricName", "metric.name", ""),
        ("targetValue", "target.value", "0"),
        ("selector", "metric.selector", None),
        ("averageValue", "target.averageValue", None),
    ),
    "pods": (
        ("metricName", "metric.name", ""),
        ("targetAverageValue", "target.averageValue", "0"),
        ("selector", "metric.selector", None),
    ),
    "resource": (
        ("name", "name", ""),
        ("targetAverageUtilization", "target.averageUtilization", None),
        ("targetAverageValue", "target.averageValue", None),
    ),
    "containerResource": (
        ("name", "name", ""),
        ("targetAverageUtilization", "target.averageUtilization", None),
        ("targetAverageValue", "target.averageValue", None),
        ("container", "container", ""),
    ),
    "external": (
        ("metricName", "metric.name", ""),
        ("metricSelector", "metric.selector", None),
        ("targetValue", "target.value", None),
        ("targetAverageValue", "target.averageValue", None),
    ),
}
_STATUSES: dict[str, Table] = {
    "object": (
        ("target", "describedObject", {}),
        ("metricName", "metric.name", ""),
        ("currentValue", "current.value", "0"),
        ("selector", "metric.selector", None),
        ("averageValue", "current.averageValue", None),
    ),
    "pods": (
        ("metricName", "metric.name", ""),
        ("currentAverageValue", "current.averageValue", "0"),
        ("selector", "metric.selector", None),
    ),
    "resource": (
        ("name", "name", ""),
        ("currentAverageUtilization", "current.averageUtilization", None),
        ("currentAverageValue", "current.averageValue", "0"),
    ),
    "containerResource": (
        ("name", "name", ""),
        ("currentAverageUtilization", "current.averageUtilization", None),
        ("currentAverageValue", "current.averageValue", "0"),
        ("container", "container", ""),
    ),
    "external": (
        ("metricName", "metric.name", ""),
        ("metricSelector", "metric.selector", None),
        ("currentValue", "current.value", "0"),
        ("currentAverageValue", "current.averageValue", None),
    ),
}


def wanted_to_v2(metric: Obj) -> Obj:
    """What is wanted, from an annotation of v1."""
    made = _to_v2(metric, _TARGETS)
    field = _FIELDS.get(metric.get("type") or "")
    if field and field in made:
        made[field]["target"] = _typed(field, made[field].get("target") or {})
    return made


def measured_to_v2(metric: Obj) -> Obj:
    """What was measured, from an annotation of v1."""
    return _to_v2(metric, _STATUSES)


def wanted_from_v2(metric: Obj) -> Obj:
    """What is wanted, for an annotation of v1."""
    return _from_v2(metric, _TARGETS)


def measured_from_v2(metric: Obj) -> Obj:
    """What was measured, for an annotation of v1."""
    return _from_v2(metric, _STATUSES)


def _typed(field: str, target: Obj) -> Obj:
    """The target with the type that the flat spelling leaves to be guessed."""
    kind = "AverageValue"
    if field in ("resource", "containerResource"):
        kind = "AverageValue" if target.get("averageUtilization") is None else "Utilization"
    elif field == "external":
        kind = "AverageValue" if target.get("value") is None else "Value"
    elif field == "object":
        if target.get("averageValue") is None:
            kind = "Value"
        elif _is_zero(target.get("value")):
            target = {name: value for name, value in target.items() if name != "value"}
    return {"type": kind, **target}


def _is_zero(text: Any) -> bool:
    try:
        return parse_quantity(str(text)) == 0
    except ValueError:
        return False


def _to_v2(metric: Obj, tables: dict[str, Table]) -> Obj:
    made: Obj = {"type": metric.get("type") or ""}
    for field, table in tables.items():
        flat = metric.get(field)
        if not isinstance(flat, dict):
            continue
        source: Obj = {}
        for name, place, empty in table:
            value = flat.get(name, empty)
            if value is not None:
                part, dot, last = place.partition(".")
                (source.setdefault(part, {}) if dot else source)[last or part] = value
        made[field] = source
    return made


def _from_v2(metric: Obj, tables: dict[str, Table]) -> Obj:
    made: Obj = {"type": metric.get("type") or ""}
    for field, table in tables.items():
        source = metric.get(field)
        if source is None:
            continue
        flat: Obj = {}
        for name, place, empty in table:
            part, dot, last = place.partition(".")
            value = (source.get(part) or {}).get(last) if dot else source.get(part)
            if value is None:
                value = empty
            if value is not None:
                flat[name] = value
        made[field] = flat
    return made
