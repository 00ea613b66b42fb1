"""LimitRanges: defaults and bounds for the resources of a namespace's pods."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, forbidden, invalid
from wherry.api.meta.columns import PLAIN_COLUMNS
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import Resource
from wherry.api.schema import schema

_TYPES_WITHOUT_DEFAULTS = ("Pod",)


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


def validate(limit_range: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    seen: set[str] = set()
    for index, item in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        if kind in seen:
            faults.append(duplicate(path + ".type", kind))
        seen.add(kind)
        if kind in _TYPES_WITHOUT_DEFAULTS:
            for field in ("default", "defaultRequest"):
                if item.get(field):
                    faults.append(forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
        faults += _validate_order(item, path)
    return faults


def _validate_order(item: Obj, path: str) -> list[FieldError]:
    """min <= defaultRequest <= default <= max, where they are given."""
    steps = ("min", "defaultRequest", "default", "max")
    names = ("min value", "default request value", "default value", "max value")
    faults: list[FieldError] = []
    for low, high in ((0, 3), (0, 1), (0, 2), (1, 3), (1, 2), (2, 3)):
        smaller, larger = item.get(steps[low]) or {}, item.get(steps[high]) or {}
        for name in sorted(smaller.keys() & larger.keys()):
            if parse_quantity(smaller[name]) > parse_quantity(larger[name]):
                why = f"{names[low]} {smaller[name]} is greater than {names[high]} {larger[name]}"
                faults.append(invalid(f"{path}.{steps[low]}[{name}]", smaller[name], why))
    return faults


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
