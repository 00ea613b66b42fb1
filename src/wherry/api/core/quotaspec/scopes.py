"""Which Pods and claims a quota with scopes is about. Objects of other kinds are in no scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.qos import qos_class
from wherry.api.meta.requirement import holds

Requirement = Mapping[str, Any]


def requirements(spec: Obj) -> list[Requirement]:
    """The scopes that an object must all be in."""
    plain = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    return [*plain, *((spec.get("scopeSelector") or {}).get("matchExpressions") or ())]


def is_in_scope(kind: str, obj: Obj, requirement: Requirement) -> bool:
    if kind == "pods":
        return _pod_is_in(obj, requirement)
    if kind == "persistentvolumeclaims" and requirement.get("scopeName") == "VolumeAttributesClass":
        return _matches_any(requirement, sorted(_attributes_classes(obj)))
    return False


def _pod_is_in(pod: Obj, requirement: Requirement) -> bool:
    spec = pod.get("spec") or {}
    match requirement.get("scopeName"):
        case "Terminating":
            return _has_deadline(spec)
        case "NotTerminating":
            return not _has_deadline(spec)
        case "BestEffort":
            return _class_of(pod) == "BestEffort"
        case "NotBestEffort":
            return _class_of(pod) != "BestEffort"
        case "PriorityClass":
            name = spec.get("priorityClassName")
            return _matches_any(requirement, [name] if name else [])
        case "CrossNamespacePodAffinity":
            return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in _terms(spec))
    return False


def _has_deadline(spec: Obj) -> bool:
    return (spec.get("activeDeadlineSeconds") or -1) >= 0


def _class_of(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("qosClass") or qos_class(pod["spec"]))


def _matches_any(requirement: Requirement, names: list[str]) -> bool:
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    if not names:
        return holds(operator, None, values)
    return any(holds(operator, name, values) for name in names)


def _terms(spec: Obj) -> Iterator[Obj]:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        yield from rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}


def _attributes_classes(claim: Obj) -> set[str]:
    status = claim.get("status") or {}
    names = (
        (claim.get("spec") or {}).get("volumeAttributesClassName"),
        status.get("currentVolumeAttributesClassName"),
        (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
    )
    return {name for name in names if name}
