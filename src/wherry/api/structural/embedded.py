"""Objects in objects: fields that hold a whole resource have an apiVersion, a kind and valid metadata.

What can not be read as such has been refused by `pruning.py`; here it is judged.
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.names import dns1035_label_faults
from wherry.api.meta.objectmeta import validate_embedded
from wherry.api.structural.shape import Shape


def validate_resources(shape: Shape, value: Any, path: str) -> list[FieldError]:
    """The faults of all resources at a place and below it. The object itself is not one of them."""
    faults: list[FieldError] = []
    if type(value) is dict:
        if shape.embedded:
            faults += validate_resource(value, path)
        for key, content in value.items():
            if type(content) in (dict, list):
                if (inner := shape.properties.get(key)) is not None:
                    faults += validate_resources(inner, content, f"{path}.{key}" if path else key)
                elif isinstance(shape.additional, Shape):
                    faults += validate_resources(shape.additional, content, f"{path}[{key}]")
    elif type(value) is list and shape.items is not None:
        for index, content in enumerate(value):
            if type(content) in (dict, list):
                faults += validate_resources(shape.items, content, f"{path}[{index}]")
    return faults


def validate_resource(value: Obj, path: str) -> list[FieldError]:
    """The faults of one embedded resource."""
    prefix = f"{path}." if path else ""
    faults = [required(prefix + name) for name in ("apiVersion", "kind") if name not in value]
    if "apiVersion" in value:
        faults += _api_version_faults(value["apiVersion"], prefix + "apiVersion")
    if "kind" in value:
        faults += _kind_faults(value["kind"], prefix + "kind")
    if type(value.get("metadata")) is dict:
        faults += validate_embedded(value["metadata"], prefix + "metadata")
    return faults


def _api_version_faults(value: Any, path: str) -> list[FieldError]:
    if type(value) is not str:
        return [invalid(path, value, "must be a string")]
    if not value:
        return [invalid(path, value, "must not be empty")]
    if value.count("/") > 1:
        return [invalid(path, value, f"unexpected GroupVersion string: {value}")]
    return []


def _kind_faults(value: Any, path: str) -> list[FieldError]:
    if type(value) is not str:
        return [invalid(path, value, "must be a string")]
    if not value:
        return [invalid(path, value, "must not be empty")]
    if why := dns1035_label_faults(value.lower()):
        return [invalid(path, value, "may have mixed case, but should otherwise match: " + ",".join(why))]
    return []
