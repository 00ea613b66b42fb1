"""Rules for the metrics of autoscalers."""

from __future__ import annotations

from typing import Any

from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.names import dns1123_label_faults, path_segment_faults, qualified_name_faults
from wherry.api.meta.quantity import parse_quantity

Spec = dict[str, Any]
Faults = list[FieldError]

_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_FIELDS = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_TARGETS = ("Utilization", "Value", "AverageValue")
_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_CLUSTER_RESOURCES = ("configmaps", "persistentvolumeclaims", "pods", "secrets", "services", "storage")


def validate_metrics(metrics: list[Spec], least: int | None, path: str, trust_versions: bool) -> Faults:
    """All metrics; nothing scales to zero by what its own pods use. `trust_versions`: see `validate_reference`."""
    faults: Faults = []
    for index, metric in enumerate(metrics):
        faults += _validate_metric(metric, f"{path}[{index}]", trust_versions)
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        why = "must specify at least one Object or External metric to support scaling to zero replicas"
        faults.append(forbidden(path, why))
    return faults


def validate_reference(reference: Spec, path: str, *, trust_version: bool, allow_core: bool) -> Faults:
    """Another object by kind and name. Its version is judged unless it is trusted: it was there before."""
    faults: Faults = []
    for field in ("kind", "name"):
        value = reference.get(field) or ""
        if not value:
            faults.append(required(f"{path}.{field}"))
        faults += [invalid(f"{path}.{field}", value, why) for why in path_segment_faults(value)]
    version = reference.get("apiVersion") or ""
    if not trust_version and (why_not := version_fault(version, allow_core)):
        faults.append(invalid(path + ".apiVersion", version, why_not))
    return faults


def version_fault(api_version: str, allow_core: bool) -> str:
    """Why `apps/v1` and the like cannot be used, "" when it can."""
    if api_version.count("/") > 1:
        return f"unexpected GroupVersion string: {api_version}"
    group = api_version.rpartition("/")[0] if api_version != "/" else ""
    return "" if group or allow_core else "apiVersion must specify API group"


def _validate_metric(metric: Spec, path: str, trust_versions: bool) -> Faults:
    faults: Faults = []
    kind = metric.get("type") or ""
    if not kind:
        faults.append(required(path + ".type", "must specify a metric source type"))
    if kind not in _TYPES:
        faults.append(not_supported(path + ".type", kind, _TYPES))
    present = [field for field in _FIELDS.values() if metric.get(field) is not None]
    if present:
        faults += _validate_source(present[0], metric[present[0]], f"{path}.{present[0]}", trust_versions)
    expected = _FIELDS.get(kind, "")
    if expected and expected not in present:
        faults.append(required(f"{path}.{expected}", "must populate information for the given metric source"))
    elif not expected:
        faults.append(not_supported(path + ".type", kind, _TYPES))
    if len(present) != 1:
        why = "must populate the given metric source only"
        faults += [forbidden(f"{path}.{field}", why) for field in present if field != expected]
    return faults


def _validate_source(field: str, source: Spec, path: str, trust_versions: bool) -> Faults:
    target = source.get("target") or {}
    faults: Faults = []
    if field == "object":
        described = source.get("describedObject") or {}
        where = path + ".describedObject"
        faults += validate_reference(described, where, trust_version=trust_versions, allow_core=True)
    if field in ("object", "external", "pods"):
        faults += _validate_identifier(source.get("metric") or {}, path + ".metric")
    else:
        faults += _validate_resource(field, source, path)
    faults += _validate_target(target, path + ".target")
    return faults + _validate_choice(field, target, path + ".target")


def _validate_identifier(metric: Spec, path: str) -> Faults:
    name = metric.get("name") or ""
    if not name:
        return [required(path + ".name", "must specify a metric name")]
    return [invalid(path + ".name", name, why) for why in path_segment_faults(name)]


def _validate_resource(field: str, source: Spec, path: str) -> Faults:
    name, faults = source.get("name") or "", list[FieldError]()
    if not name:
        faults.append(required(path + ".name", "must specify a resource name"))
    if field == "resource":
        return faults
    if name:
        faults += [invalid(path + ".name", name, why) for why in _resource_name_faults(name)]
    container = source.get("container") or ""
    if not container:
        faults.append(required(path + ".container", "must specify a container"))
    else:
        faults += [invalid(path + ".container", container, why) for why in dns1123_label_faults(container)]
    return faults


def _resource_name_faults(name: str) -> list[str]:
    """What a container may ask for: standard resources, huge pages, and those of devices."""
    if name in _RESOURCES or name.startswith("hugepages-"):
        return []
    faults = list(qualified_name_faults(name))
    if "/" not in name:
        if not faults and name not in _CLUSTER_RESOURCES:
            faults.append("must be a standard resource type or fully qualified")
        faults.append("must be a standard resource for containers")
    return faults


def _validate_target(target: Spec, path: str) -> Faults:
    faults: Faults = []
    kind, utilization = target.get("type") or "", target.get("averageUtilization")
    if not kind:
        faults.append(required(path + ".type", "must specify a metric target type"))
    if kind not in _TARGETS:
        faults.append(invalid(path + ".type", kind, "must be either Utilization, Value, or AverageValue"))
    for field in ("value", "averageValue"):
        if (text := target.get(field)) is not None and parse_quantity(str(text)) <= 0:
            faults.append(invalid(f"{path}.{field}", text, "must be positive"))
    if utilization is not None and utilization < 1:
        faults.append(invalid(path + ".averageUtilization", utilization, "must be greater than 0"))
    return faults


def _validate_choice(field: str, target: Spec, path: str) -> Faults:
    """Each source has one way, or two, of saying how much is wanted."""
    value, average, utilization = (target.get(name) for name in ("value", "averageValue", "averageUtilization"))
    if field == "pods":
        why = "must specify a positive target averageValue"
        return [required(path + ".averageValue", why)] if average is None else []
    if field in ("resource", "containerResource"):
        both = "a target raw value and a target utilization"
        if average is None and utilization is None:
            why = "must set either a target raw value or a target utilization"
            return [required(path + ".averageUtilization", why)]
        clash = average is not None and utilization is not None
        return [forbidden(path + ".averageValue", f"may not set both {both}")] if clash else []
    if value is None and average is None:
        why = "a target value or averageValue" if field == "object" else "a target value for metric or a per-pod target"
        return [required(path + ".averageValue", f"must set either {why}")]
    if field == "external" and value is not None and average is not None:
        return [forbidden(path + ".value", "may not set both a target value for metric and a per-pod target")]
    return []
