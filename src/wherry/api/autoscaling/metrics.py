"""Metrics of autoscalers in the flat spelling that annotations of autoscaling/v1 use, and in that of v2.

    {"type": "Pods", "pods": {"metricName": "q", "targetAverageValue": "10"}}
    {"type": "Pods", "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "10"}}}

`side` is "target" for what is wanted and "current" for what was measured.
"""

from __future__ import annotations

from wherry.api import Obj

_FIELDS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_VALUES = ("averageUtilization", "averageValue", "value")
_NAMED = ("name", "container")


def metric_to_v2(metric: Obj, side: str) -> Obj:
    """From an annotation of v1."""
    field = _FIELDS.get(metric.get("type") or "")
    if field is None or field not in metric:
        return metric
    flat: Obj = metric[field]
    source: Obj = {name: flat[name] for name in _NAMED if name in flat}
    if "metricName" in flat:
        source["metric"] = {"name": flat["metricName"]}
        selector = flat.get("metricSelector" if field == "external" else "selector")
        if selector is not None:
            source["metric"]["selector"] = selector
    if field == "object" and "target" in flat:
        source["describedObject"] = flat["target"]
    values = {name: flat[key] for name in _VALUES if (key := _flat_name(name, field, side)) in flat}
    source[side] = {"type": _type_of(values), **values} if side == "target" else values
    return {"type": metric["type"], field: source}


def metric_from_v2(metric: Obj, side: str) -> Obj:
    """For an annotation of v1."""
    field = _FIELDS.get(metric.get("type") or "")
    if field is None or field not in metric:
        return metric
    source: Obj = metric[field]
    flat: Obj = {name: source[name] for name in _NAMED if name in source}
    if named := source.get("metric"):
        flat["metricName"] = named.get("name") or ""
        if "selector" in named:
            flat["metricSelector" if field == "external" else "selector"] = named["selector"]
    if "describedObject" in source:
        flat["target"] = source["describedObject"]
    for name, value in (source.get(side) or {}).items():
        if name in _VALUES:
            flat[_flat_name(name, field, side)] = value
    return {"type": metric["type"], field: flat}


def _flat_name(name: str, field: str, side: str) -> str:
    """`targetAverageValue`; for objects, whose average came later, plain `averageValue`."""
    if field == "object" and name == "averageValue":
        return name
    return side + name[0].upper() + name[1:]


def _type_of(values: Obj) -> str:
    if "averageUtilization" in values:
        return "Utilization"
    return "AverageValue" if "averageValue" in values else "Value"
