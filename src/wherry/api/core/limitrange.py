"""LimitRanges: defaults and bounds for the resources of a namespace's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wherry.api import Obj
from wherry.api.core.podspec.resources import container_name_faults
from wherry.api.core.resourcenames import is_overcommitable
from wherry.api.core.resourcenames import name_faults as any_name_faults
from wherry.api.field import FieldError, duplicate, forbidden, invalid, required
from wherry.api.meta.columns import PLAIN_COLUMNS
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import Resource
from wherry.api.schema import schema

Faults = list[FieldError]

_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_BOUNDS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_ORDER = (
    ("min", "max", "min", "min", ("min", "max")),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest", ("min", "default request")),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest", ("default request", "max")),
    ("defaultRequest", "default", "defaultRequest", "defaultRequest", ("default request", "default limit")),
    ("min", "default", "default", "min", ("min", "default")),
    ("default", "max", "default", "max", ("default", "max")),
)
"""What must not exceed what, where the fault is shown, with the value of which, and what the two are called."""


def set_defaults(limit_range: Obj) -> None:
    """For containers, a maximum is also the default limit, and that the default request; so is a minimum."""
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") != "Container":
            continue
        limits, requests = dict(item.get("default") or {}), dict(item.get("defaultRequest") or {})
        for name, amount in (item.get("max") or {}).items():
            limits.setdefault(name, amount)
        for name, amount in limits.items():
            requests.setdefault(name, amount)
        for name, amount in (item.get("min") or {}).items():
            requests.setdefault(name, amount)
        if limits:
            item["default"] = limits
        if requests:
            item["defaultRequest"] = requests


def validate(limit_range: Obj) -> Faults:
    faults: Faults = []
    seen: set[str] = set()
    for index, item in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        faults += [invalid(path + ".type", kind, why) for why in _type_faults(kind)]
        if kind in seen:
            faults.append(duplicate(path + ".type", kind))
        seen.add(kind)
        _validate_item(item, kind, path, faults)
    return faults


def _type_faults(kind: str) -> Sequence[str]:
    reasons = qualified_name_faults(kind)
    if not reasons and "/" not in kind and kind not in _TYPES:
        return ("must be a standard limit type or fully qualified",)
    return reasons


def _validate_item(item: Obj, kind: str, path: str, faults: Faults) -> None:
    name_faults = container_name_faults if kind in ("Pod", "Container") else any_name_faults
    bounds: dict[str, Mapping[str, str]] = {}
    for field in _BOUNDS:
        amounts = item.get(field) or {}
        if kind == "Pod" and field in ("default", "defaultRequest"):
            if amounts:
                faults.append(forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
            amounts = {}
        if field == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim" and not _limits_storage(item):
            why = "either minimum or maximum storage value is required, but neither was provided"
            faults.append(required(path + ".limits", why))
        for name in amounts:
            faults += [invalid(f"{path}.{field}[{name}]", name, why) for why in name_faults(name)]
        bounds[field] = amounts
    for name in dict.fromkeys(name for amounts in bounds.values() for name in amounts):
        of_one = {field: amounts[name] for field, amounts in bounds.items() if name in amounts}
        _validate_order(of_one, name, path, faults)
        _validate_ratio(of_one, name, path, faults)
        default, request = of_one.get("default"), of_one.get("defaultRequest")
        if default and request and not is_overcommitable(name) and parse_quantity(default) != parse_quantity(request):
            why = f"default value {default} must equal to defaultRequest value {request} in {name}"
            faults.append(invalid(f"{path}.defaultRequest[{name}]", request, why))


def _limits_storage(item: Obj) -> bool:
    return any("storage" in (item.get(field) or ()) for field in ("min", "max"))


def _validate_order(amounts: Mapping[str, str], name: str, path: str, faults: Faults) -> None:
    """min <= defaultRequest <= default <= max, where they are given; each pair with upstream's place and words."""
    for low, high, at, shown, words in _ORDER:
        if low not in amounts or high not in amounts:
            continue
        if parse_quantity(amounts[low]) > parse_quantity(amounts[high]):
            smaller, larger = words
            why = f"{smaller} value {amounts[low]} is greater than {larger} value {amounts[high]}"
            faults.append(invalid(f"{path}.{at}[{name}]", amounts[shown], why))


def _validate_ratio(amounts: Mapping[str, str], name: str, path: str, faults: Faults) -> None:
    text = amounts.get("maxLimitRequestRatio")
    if text is None:
        return
    path, ratio = f"{path}.maxLimitRequestRatio[{name}]", parse_quantity(text)
    if ratio < 1:
        faults.append(invalid(path, text, f"ratio {text} is less than 1"))
    if "min" in amounts and "max" in amounts:
        low, high = parse_quantity(amounts["min"]), parse_quantity(amounts["max"])
        if low and ratio > high / low:
            faults.append(invalid(path, text, f"ratio {text} is greater than max/min = {high / low:.6f}"))


LIMITRANGES = Resource(
    group="",
    version="v1",
    kind="LimitRange",
    plural="limitranges",
    schema=schema("v1", "LimitRange"),
    short_names=("limits",),
    create_on_update=True,
    columns=PLAIN_COLUMNS,
    defaults=set_defaults,
    validate=validate,
)
