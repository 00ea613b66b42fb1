"""HorizontalPodAutoscalers as autoscaling/v1 has them: a CPU target, and annotations for everything else.

The annotations are upstream's, so that an object read as v1 and written back as v1 loses nothing.
"""

from __future__ import annotations

import json
from typing import Any

from wherry.api import Obj
from wherry.api.autoscaling import horizontalpodautoscaler as v2
from wherry.api.autoscaling.horizontalpodautoscaler import COLUMNS, HORIZONTALPODAUTOSCALERS, ROUND_TRIP
from wherry.api.autoscaling.metrics import measured_from_v2, measured_to_v2, wanted_from_v2, wanted_to_v2
from wherry.api.field import FieldError
from wherry.api.resource import STATUS, Cell, Column, ColumnValue, Resource
from wherry.api.schema import DecodeError, schema

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _BEHAVIOR = _PREFIX + "metrics", _PREFIX + "behavior"
_DEFAULT_PERCENT = 80
_CURRENT, _CONDITIONS = _PREFIX + "current-metrics", _PREFIX + "conditions"


def to_v2(autoscaler: Obj) -> Obj:
    """The same autoscaler in v2; the argument is not changed."""
    metadata = dict(autoscaler["metadata"])
    annotations: dict[str, str] = dict(metadata.get("annotations") or {})
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    metrics = _sound("spec", "metrics", [wanted_to_v2(metric) for metric in _listed(annotations, _METRICS)]) or []
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None or not metrics:
        utilization = _DEFAULT_PERCENT if percent is None else percent
        metrics.append(_cpu("target", {"type": "Utilization", "averageUtilization": utilization}))
    spec["metrics"] = metrics
    if behavior := _sound("spec", "behavior", _spelt(_read(annotations, _BEHAVIOR), to_v2=True)):
        spec["behavior"] = behavior
    measured = [measured_to_v2(metric) for metric in _listed(annotations, _CURRENT)]
    current = _sound("status", "currentMetrics", measured) or []
    if (percent := status.pop("currentCPUUtilizationPercentage", None)) is not None and not current:
        current.append(_cpu("current", {"averageUtilization": percent}))
    if current:
        status["currentMetrics"] = current
    if conditions := _sound("status", "conditions", _listed(annotations, _CONDITIONS)):
        status["conditions"] = conditions
    return _assembled("autoscaling/v2", autoscaler, metadata, annotations, spec, status)


def from_v2(autoscaler: Obj) -> Obj:
    """The same autoscaler in v1; the argument is not changed."""
    metadata = dict(autoscaler["metadata"])
    annotations: dict[str, str] = dict(metadata.get("annotations") or {})
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    metrics = spec.pop("metrics", None) or ()
    percents = [percent for metric in metrics if (percent := _cpu_percent(metric, "target")) is not None]
    if percents:
        spec["targetCPUUtilizationPercentage"] = percents[0]
    more: dict[str, Any] = {
        _METRICS: [wanted_from_v2(metric) for metric in metrics if _cpu_percent(metric, "target") is None]
    }
    current = status.pop("currentMetrics", None) or []
    for metric in current:
        if (percent := _cpu_percent(metric, "current")) is not None:
            status["currentCPUUtilizationPercentage"] = percent
    more[_CURRENT] = [measured_from_v2(metric) for metric in current]
    more[_BEHAVIOR] = _spelt(spec.pop("behavior", None), to_v2=False)
    more[_CONDITIONS] = status.pop("conditions", None)
    annotations = {key: value for key, value in annotations.items() if key not in ROUND_TRIP}
    annotations.update({key: json.dumps(value, separators=(",", ":")) for key, value in more.items() if value})
    return _assembled("autoscaling/v1", autoscaler, metadata, annotations, spec, status)


def _assembled(api_version: str, old: Obj, metadata: Obj, annotations: dict[str, str], spec: Obj, status: Obj) -> Obj:
    metadata.pop("annotations", None)
    if api_version == "autoscaling/v2":
        annotations = {key: value for key, value in annotations.items() if key not in ROUND_TRIP}
    if annotations:
        metadata["annotations"] = annotations
    new: Obj = {**old, "apiVersion": api_version, "metadata": metadata, "spec": spec}
    if status or "status" in old:
        new["status"] = status
    return new


_RULES = ("StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance")
_POLICY = ("Type", "Value", "PeriodSeconds")


def _spelt(behavior: Any, *, to_v2: bool) -> Obj | None:
    """The behavior as the annotation spells it (upstream's internal type: capitals, and null for nothing), or back."""
    if not isinstance(behavior, dict):
        return None
    made = _renamed(behavior, ("ScaleUp", "ScaleDown"), to_v2)
    for name, rules in made.items():
        if isinstance(rules, dict):
            made[name] = _renamed(rules, _RULES, to_v2)
            policies = "policies" if to_v2 else "Policies"
            listed = made[name].get(policies)
            if isinstance(listed, list):
                made[name][policies] = [_renamed(p, _POLICY, to_v2) for p in listed if isinstance(p, dict)]
    return made


def _renamed(part: Obj, names: tuple[str, ...], to_v2: bool) -> Obj:
    """Go reads names in any case."""
    values = {name.lower(): value for name, value in part.items()}
    if not to_v2:
        return {name: values.get(name.lower()) for name in names}
    return {name[0].lower() + name[1:]: value for name in names if (value := values.get(name.lower())) is not None}


def _sound(part: str, field: str, value: Any) -> Any:
    """What an annotation said, or None if it is not of the right types: anybody can write annotations."""
    if not value:
        return None
    probe: Obj = {"metadata": {}, part: {field: value}}
    faults, _ = HORIZONTALPODAUTOSCALERS.schema.prune(probe)
    if any(isinstance(fault, DecodeError) for fault in faults):
        return None
    return (probe.get(part) or {}).get(field)


def _cpu(field: str, value: Obj) -> Obj:
    return {"type": "Resource", "resource": {"name": "cpu", field: value}}


def _cpu_percent(metric: Obj, field: str) -> int | None:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    percent = (resource.get(field) or {}).get("averageUtilization")
    return percent if isinstance(percent, int) else None


def _read(annotations: dict[str, str], key: str) -> Any:
    try:
        return json.loads(annotations[key])
    except (KeyError, ValueError):
        return None


def _listed(annotations: dict[str, str], key: str) -> list[Obj]:
    found = _read(annotations, key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _as_v2(value: ColumnValue) -> ColumnValue:
    if isinstance(value, str):
        return value

    def of_v1(autoscaler: Obj, now: float) -> Cell:
        return value(to_v2(autoscaler), now)

    return of_v1


def _set_defaults(autoscaler: Obj) -> None:
    """As if it had been kept and read again: annotations and the target for CPU say what they will say then."""
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    again = from_v2(to_v2(autoscaler))
    autoscaler.clear()
    autoscaler.update(again)


def validate_create(autoscaler: Obj) -> list[FieldError]:
    return v2.validate_create(to_v2(autoscaler))


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return v2.validate_update(to_v2(new), to_v2(old))


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
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=v2.validate_status_update,
)
