"""ResourceQuotas: how much a namespace may use altogether."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.resources import validate_quantity
from wherry.api.core.resourcenames import is_quota_name, name_faults
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import AGE, NAME, Value
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema

Faults = list[FieldError]


def _amounts(limits: bool) -> Value:
    def value(quota: Obj, _: float) -> Cell:
        status = quota.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        return ", ".join(
            f"{name}: {used.get(name) or '0'}/{hard[name]}"
            for name in sorted(hard)
            if name.startswith("limits.") is limits
        )

    return value


_PODS = frozenset({"pods"})
_COMPUTE = frozenset(
    {"cpu", "memory"} | {f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "memory")}
)
_SCOPES = {
    "BestEffort": _PODS,
    "CrossNamespacePodAffinity": _PODS | _COMPUTE,
    "NotBestEffort": _PODS | _COMPUTE,
    "NotTerminating": _PODS | _COMPUTE,
    "PriorityClass": _PODS | _COMPUTE,
    "Terminating": _PODS | _COMPUTE,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""Scopes, and what can be counted within each."""
_WITHOUT_VALUES = frozenset(_SCOPES) - {"PriorityClass", "VolumeAttributesClass"}
_ONLY_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})


def validate(quota: Obj) -> Faults:
    spec = quota.get("spec") or {}
    faults: Faults = []
    hard = spec.get("hard") or {}
    _validate_amounts(hard, "spec.hard", faults)
    scopes = spec.get("scopes") or []
    for scope in scopes:
        _validate_scope(scope, hard, ("spec.scopes", scopes), ("spec.scopes", scopes), faults)
    _validate_conflicts(scopes, scopes, "spec.scopes", faults)
    if (selector := spec.get("scopeSelector")) is not None:
        path = "spec.scopeSelector.matchExpressions"
        requirements = selector.get("matchExpressions") or ()
        for requirement in requirements:
            scope = requirement.get("scopeName") or ""
            _validate_scope(scope, hard, (path + ".scopeName", scope), (path, selector), faults)
            _validate_requirement(requirement, scope, path, faults)
        names = [requirement.get("scopeName") or "" for requirement in requirements]
        _validate_conflicts(names, spec.get("scopes"), path, faults)
    return faults


def _validate_amounts(amounts: Mapping[str, str], path: str, faults: Faults) -> None:
    for name, text in amounts.items():
        where = f"{path}[{name}]"
        faults += [invalid(where, name, why) for why in name_faults(name)]
        if "/" not in name and not is_quota_name(name):
            faults.append(invalid(where, name, "must be a standard resource for quota"))
        validate_quantity(name, text, where, faults)


def _validate_scope(
    scope: str, hard: Mapping[str, str], named: tuple[str, Any], applied: tuple[str, Any], faults: Faults
) -> None:
    if scope not in _SCOPES:
        faults.append(invalid(*named, "unsupported scope"))
        return
    for name in sorted(hard):
        if is_quota_name(name) and name not in _SCOPES[scope]:
            faults.append(invalid(*applied, "unsupported scope applied to resource"))


def _validate_requirement(requirement: Obj, scope: str, path: str, faults: Faults) -> None:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    if scope in _WITHOUT_VALUES and operator != "Exists":
        faults.append(invalid(path + ".operator", operator, _ONLY_EXISTS))
    if operator in ("In", "NotIn"):
        if not values:
            why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            faults.append(required(path + ".values", why))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            faults.append(invalid(path + ".values", values, why))
    else:
        faults.append(invalid(path + ".operator", operator, "not a valid selector operator"))


def _validate_conflicts(scopes: Collection[str], shown: Any, path: str, faults: Faults) -> None:
    faults += [invalid(path, shown, "conflicting scopes") for pair in _CONFLICTS if pair <= set(scopes)]


def validate_update(new: Obj, old: Obj) -> Faults:
    scopes, before = ((obj.get("spec") or {}).get("scopes") or [] for obj in (new, old))
    return [] if set(scopes) == set(before) else [invalid("spec.scopes", scopes, IMMUTABLE)]


def validate_status_update(new: Obj, _: Obj) -> Faults:
    faults: Faults = []
    for field in ("hard", "used"):
        _validate_amounts((new.get("status") or {}).get(field) or {}, f"status.{field}", faults)
    return faults


RESOURCEQUOTAS = Resource(
    group="",
    version="v1",
    kind="ResourceQuota",
    plural="resourcequotas",
    schema=schema("v1", "ResourceQuota"),
    short_names=("quota",),
    returns_deleted=True,
    columns=(NAME, Column("Request", _amounts(False)), Column("Limit", _amounts(True)), AGE),
    subresources=(STATUS,),
    validate=validate,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
