"""HorizontalPodAutoscalers as autoscaling/v1 has them: a CPU target, and annotations for everything else.

The annotations are upstream's, so that an object read as v1 and written back as v1 loses nothing.
"""

from __future__ import annotations

import json
from typing import Any

from wherry.api import Obj
from wherry.api.autoscaling.horizontalpodautoscaler import COLUMNS, HORIZONTALPODAUTOSCALERS, validate
from wherry.api.autoscaling.metrics import metric_from_v2, metric_to_v2
from wherry.api.resource import STATUS, Cell, Column, ColumnValue, Resource
from wherry.api.schema import schema

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _BEHAVIOR = _PREFIX + "metrics", _PREFIX + "behavior"
_CURRENT, _CONDITIONS = _PREFIX + "current-metrics", _PREFIX + "conditions"


def to_v2(autoscaler: Obj) -> Obj:
    """The same autoscaler in v2; the argument is not changed."""
    metadata = dict(autoscaler["metadata"])
    annotations: dict[str, str] = dict(metadata.get("annotations") or {})
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    metrics = [metric_to_v2(metric, "target") for metric in _taken(annotations, _METRICS) or []]
    if (percent := spec.pop("targetCPUUtilizationPercentage", None)) is not None:
        metrics.insert(0, _cpu("target", {"type": "Utilization", "averageUtilization": percent}))
    if metrics:
        spec["metrics"] = metrics
    if (behavior := _taken(annotations, _BEHAVIOR)) is not None:
        spec["behavior"] = behavior
    current = [metric_to_v2(metric, "current") for metric in _taken(annotations, _CURRENT) or []]
    if (percent := status.pop("currentCPUUtilizationPercentage", None)) is not None and not current:
        current.append(_cpu("current", {"averageUtilization": percent}))
    if current:
        status["currentMetrics"] = current
    if (conditions := _taken(annotations, _CONDITIONS)) is not None:
        status["conditions"] = conditions
    return _assembled("autoscaling/v2", autoscaler, metadata, annotations, spec, status)


def from_v2(autoscaler: Obj) -> Obj:
    """The same autoscaler in v1; the argument is not changed."""
    metadata = dict(autoscaler["metadata"])
    annotations: dict[str, str] = dict(metadata.get("annotations") or {})
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    others = []
    for metric in spec.pop("metrics", None) or ():
        percent = _cpu_percent(metric, "target")
        if percent is not None and "targetCPUUtilizationPercentage" not in spec:
            spec["targetCPUUtilizationPercentage"] = percent
        else:
            others.append(metric_from_v2(metric, "target"))
    _put(annotations, _METRICS, others)
    _put(annotations, _BEHAVIOR, spec.pop("behavior", None))
    current = status.pop("currentMetrics", None) or []
    for metric in current:
        if (percent := _cpu_percent(metric, "current")) is not None:
            status["currentCPUUtilizationPercentage"] = percent
    _put(annotations, _CURRENT, [metric_from_v2(metric, "current") for metric in current])
    _put(annotations, _CONDITIONS, status.pop("conditions", None))
    return _assembled("autoscaling/v1", autoscaler, metadata, annotations, spec, status)


def _assembled(api_version: str, old: Obj, metadata: Obj, annotations: dict[str, str], spec: Obj, status: Obj) -> Obj:
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    new: Obj = {**old, "apiVersion": api_version, "metadata": metadata, "spec": spec}
    if status or "status" in old:
        new["status"] = status
    return new


def _cpu(field: str, value: Obj) -> Obj:
    return {"type": "Resource", "resource": {"name": "cpu", field: value}}


def _cpu_percent(metric: Obj, field: str) -> int | None:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    percent = (resource.get(field) or {}).get("averageUtilization")
    return percent if isinstance(percent, int) else None


def _taken(annotations: dict[str, str], key: str) -> Any:
    try:
        return json.loads(annotations.pop(key))
    except (KeyError, ValueError):
        return None


def _put(annotations: dict[str, str], key: str, value: Any) -> None:
    if value:
        annotations[key] = json.dumps(value, separators=(",", ":"))


def _as_v2(value: ColumnValue) -> ColumnValue:
    if isinstance(value, str):
        return value

    def of_v1(autoscaler: Obj, now: float) -> Cell:
        return value(to_v2(autoscaler), now)

    return of_v1


def _set_defaults(autoscaler: Obj) -> None:
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1


HORIZONTALPODAUTOSCALERS_V1 = Resource(
    group="autoscaling",
    version="v1",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    schema=schema("autoscaling/v1", "HorizontalPodAutoscaler"),
    short_names=("hpa",),
    categories=("all",),
    columns=tuple(Column(c.name, _as_v2(c.value), c.type, c.format, c.priority, c.description) for c in COLUMNS),
    subresources=(STATUS,),
    storage=HORIZONTALPODAUTOSCALERS,
    to_storage=to_v2,
    from_storage=from_v2,
    defaults=_set_defaults,
    validate=validate,
)
