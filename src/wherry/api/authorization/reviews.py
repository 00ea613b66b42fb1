"""Rules for questions about what somebody may do."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.labels import validate_label_selector

Faults = list[FieldError]

_EITHER = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_BOTH = "cannot be specified in combination with resourceAttributes"
_WHO = "at least one of user or group must be specified"
_KNOWN_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def validate_subject_review(review: Obj) -> Faults:
    """About anybody."""
    spec = review.get("spec") or {}
    faults = _validate_attributes(spec)
    if not spec.get("user") and not spec.get("groups"):
        faults.append(invalid("spec.user", spec.get("user") or "", _WHO))
    return faults + _validate_selectors(spec) + _validate_metadata(review, "must be empty")


def validate_self_review(review: Obj) -> Faults:
    """About oneself."""
    spec = review.get("spec") or {}
    return _validate_attributes(spec) + _validate_selectors(spec) + _validate_metadata(review, "must be empty")


def validate_local_review(review: Obj) -> Faults:
    """About anybody, in one namespace."""
    spec, namespace = review.get("spec") or {}, review["metadata"].get("namespace") or ""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    bare = {**review, "metadata": {k: v for k, v in review["metadata"].items() if k != "namespace"}}
    faults = validate_subject_review({**bare, "metadata": {}})
    faults += _validate_metadata(bare, "must be empty except for namespace")
    if resource is not None and (resource.get("namespace") or "") != namespace:
        where = "spec.resourceAttributes.namespace"
        faults.append(invalid(where, resource.get("namespace") or "", "must match metadata.namespace"))
    if path is not None:
        faults.append(invalid("spec.nonResourceAttributes", path, "disallowed on this kind of request"))
    return faults


def _validate_metadata(review: Obj, why: str) -> Faults:
    """A question is nobody's and has no name."""
    metadata = {field: value for field, value in review["metadata"].items() if field != "managedFields" and value}
    return [invalid("metadata", metadata, why)] if metadata else []


def _validate_attributes(spec: Obj) -> Faults:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    faults: Faults = []
    if resource is not None and path is not None:
        faults.append(invalid("spec.nonResourceAttributes", path, _BOTH))
    if resource is None and path is None:
        faults.append(invalid("spec.resourceAttributes", None, _EITHER))
    return faults


def _validate_selectors(spec: Obj) -> Faults:
    """Of the selectors with which a list would be asked for. Operators of the future are no fault."""
    faults: Faults = []
    for name in ("fieldSelector", "labelSelector"):
        selector, path = (spec.get("resourceAttributes") or {}).get(name), f"spec.resourceAttributes.{name}"
        if selector is None:
            continue
        raw, requirements = selector.get("rawSelector"), selector.get("requirements") or ()
        if raw and requirements:
            faults.append(invalid(path + ".rawSelector", raw, "may not specified at the same time as requirements"))
        if not raw and not requirements:
            why = f"when {path} is specified, requirements or rawSelector is required"
            faults.append(required(path + ".requirements", why))
        for index, requirement in enumerate(requirements):
            where = f"{path}.requirements[{index}]"
            faults += _of_field(requirement, where) if name == "fieldSelector" else _of_label(requirement, where)
    return faults


def _of_field(requirement: dict[str, Any], path: str) -> Faults:
    operator, values = requirement.get("operator"), requirement.get("values")
    faults = [] if requirement.get("key") else [required(path + ".key", "must be specified")]
    if operator in ("In", "NotIn") and not values:
        faults.append(required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        faults.append(forbidden(path + ".values", why))
    return faults


def _of_label(requirement: dict[str, Any], path: str) -> Faults:
    if requirement.get("operator") not in _KNOWN_OPERATORS:
        requirement = {**requirement, "operator": "Exists", "values": []}
    faults = validate_label_selector({"matchExpressions": [requirement]}, "")
    return [
        FieldError(fault.type, path + fault.path.removeprefix(".matchExpressions[0]"), fault.detail, fault.value)
        for fault in faults
    ]
