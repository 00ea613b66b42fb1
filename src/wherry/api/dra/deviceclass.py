"""DeviceClasses: names for kinds of device and how to pick one."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.dra.requests import MAX_CONFIGS, validate_config
from wherry.api.dra.rules import validate_list
from wherry.api.dra.selectors import validate_selectors
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.names import qualified_name_faults
from wherry.api.resource import Resource, Scope, large_or_first
from wherry.api.schema import schema

_OWN, _QUOTA = "kubernetes.io/", "requests."


def validate_create(device_class: Obj) -> list[FieldError]:
    return _validate(device_class, {})


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate(new, old.get("spec") or {})


def _validate(device_class: Obj, old: dict[str, Any]) -> list[FieldError]:
    """Expressions and configurations that are as before were judged before."""
    spec = device_class.get("spec") or {}
    is_stored = bool(old) and spec.get("config") == old.get("config")

    def judge_config(config: dict[str, Any], path: str) -> list[FieldError]:
        return validate_config(config, path, is_stored=is_stored)

    faults: list[FieldError] = []
    if not old or spec.get("selectors") != old.get("selectors"):
        faults += validate_selectors(spec.get("selectors"), "spec.selectors")
    faults += validate_list(spec.get("config"), MAX_CONFIGS, judge_config, "spec.config")
    name = spec.get("extendedResourceName")
    if name is not None and name != old.get("extendedResourceName"):
        faults += [invalid("spec.extendedResourceName", name, why) for why in _extended_faults(name)]
    return faults


def _extended_faults(name: str) -> list[str]:
    """Why a resource that pods ask for as they do for memory cannot be called so."""
    faults: list[str] = []
    if "/" not in name:
        faults.append("a name must be a domain-prefixed path, such as 'example.com/my-prop'")
    elif _OWN in name:
        faults.append(f'must not have "{_OWN}" domain')
    if name.startswith(_QUOTA):
        faults.append(f'must not have "{_QUOTA}" prefix')
    return [*faults, *qualified_name_faults(_QUOTA + name)]


DEVICECLASSES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="DeviceClass",
    plural="deviceclasses",
    schema=schema("resource.k8s.io/v1", "DeviceClass"),
    scope=Scope.CLUSTER,
    has_generation=True,
    columns=(NAME, AGE),
    is_laborious=large_or_first("wherry.api.dra.expressions"),
    validate_create=validate_create,
    validate_update=validate_update,
    returns_deleted=True,
)
