"""Devices in a slice: what they are, what they can do, and where they are."""

from __future__ import annotations

import re
from typing import Any

from wherry.api.core.podspec.scheduling import validate_node_selector
from wherry.api.dra.capacities import validate_shared, validate_single
from wherry.api.dra.rules import (
    Judge,
    name_of,
    only_true,
    validate_binding,
    validate_exclusive,
    validate_label,
    validate_list,
    validate_map,
    validate_node_name,
    validate_qualified_name,
    validate_set,
)
from wherry.api.dra.taints import validate_taint
from wherry.api.field import FieldError, invalid, required, too_long

Part = dict[str, Any]

LIST_ATTRIBUTES = ("bools", "ints", "strings", "versions")
_ATTRIBUTES = ("int", "bool", "string", "version", "ints", "bools", "strings", "versions")
_MAX_ATTRIBUTES, _MAX_VALUES = 32, 48
_MAX_KEY, _MAX_VALUE, _MAX_LABEL = 63 + 1 + 32, 64, 63
_MAX_TAINTS, _MAX_CONSUMED, _MAX_COUNTERS = 16, 2, 32
_PLACES = ("nodeName", "nodeSelector", "allNodes")
_ONE_PLACE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to "
    "true in the ResourceSlice spec"
)
_NO_PLACE = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
    "ResourceSlice spec"
)
_NUMBER, _BEFORE, _BUILD = r"(0|[1-9]\d*)", r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)", "[0-9a-zA-Z-]+"
_is_version = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_BEFORE}(\.{_BEFORE})*)?(\+{_BUILD}(\.{_BUILD})*)?\Z", re.ASCII
).match


def device_judge(old: dict[str, Part], *, has_own_places: bool) -> Judge:
    """Judges devices, of which there were the `old` ones by name."""

    def judge(device: Part, path: str) -> list[FieldError]:
        faults = validate_label(name_of(device), path + ".name") + _validate_sizes(device, path)
        attributes, capacity = device.get("attributes"), device.get("capacity")
        judge_capacity = validate_shared if device.get("allowMultipleAllocations") else validate_single
        faults += validate_map(
            attributes, -1, validate_qualified_name, _validate_attribute, path + ".attributes", _MAX_KEY
        )
        faults += validate_map(capacity, -1, validate_qualified_name, judge_capacity, path + ".capacity", _MAX_KEY)
        before = old.get(name_of(device))
        if before is None or before.get("taints") != device.get("taints"):
            faults += validate_list(device.get("taints"), _MAX_TAINTS, validate_taint, path + ".taints")
        faults += validate_set(
            device.get("consumesCounters"),
            _MAX_CONSUMED,
            _validate_consumed,
            path + ".consumesCounters",
            lambda consumed: consumed.get("counterSet") or "",
        )
        if has_own_places:
            faults += validate_exclusive(device, path, _PLACE_JUDGES, _ONE_PLACE, "")
        elif any(device.get(key) is not None for key in _PLACES):
            faults.append(invalid(path, None, _NO_PLACE))
        return faults + validate_binding(device, path)

    return judge


def _judge_name(name: str, path: str) -> list[FieldError]:
    return validate_node_name(name, path) if name else [invalid(path, name, "must not be empty")]


def judge_selector(selector: Part, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    validate_node_selector(selector, path, faults)
    return faults


_PLACE_JUDGES: dict[str, Judge] = {"nodeName": _judge_name, "nodeSelector": judge_selector, "allNodes": only_true}


def _validate_sizes(device: Part, path: str) -> list[FieldError]:
    attributes: dict[str, Part] = device.get("attributes") or {}
    count = len(attributes) + len(device.get("capacity") or {})
    faults: list[FieldError] = []
    if count > _MAX_ATTRIBUTES:
        why = f"the total number of attributes and capacities must not exceed {_MAX_ATTRIBUTES}"
        faults.append(invalid(path, count, why))
    values = sum(sum(len(value.get(key) or ()) for key in LIST_ATTRIBUTES) or 1 for value in attributes.values())
    if values > _MAX_VALUES:
        faults.append(invalid(path, values, f"the total number of attribute values must not exceed {_MAX_VALUES}"))
    return faults


def _validate_attribute(attribute: Part, path: str) -> list[FieldError]:
    present = [key for key in _ATTRIBUTES if attribute.get(key) is not None]
    faults: list[FieldError] = []
    for key in present:
        value, where = attribute[key], f"{path}.{key}"
        if key in LIST_ATTRIBUTES and not value:
            faults.append(invalid(where, value, "must not be empty if specified"))
        judge = {"string": _validate_text, "version": _validate_version}.get(key.removesuffix("s"))
        if judge is not None:
            faults += validate_list(value, -1, judge, where) if key in LIST_ATTRIBUTES else judge(value, where)
    members = ", ".join(f"`{key}`" for key in _ATTRIBUTES)
    if not present:
        faults.append(invalid(path, "", f"must specify one of: {members}"))
    elif len(present) > 1:
        faults.append(invalid(path, f"{{{', '.join(present)}}}", f"must specify exactly one of: {members}"))
    return faults


def _validate_text(text: str, path: str) -> list[FieldError]:
    return [too_long(path, _MAX_VALUE)] if len(text.encode()) > _MAX_VALUE else []


def _validate_version(text: str, path: str) -> list[FieldError]:
    why = "must be a string compatible with semver.org spec 2.0.0"
    return ([] if _is_version(text) else [invalid(path, text, why)]) + _validate_text(text, path)


def _validate_consumed(consumed: Part, path: str) -> list[FieldError]:
    return _validate_counters(consumed.get("counterSet") or "", consumed.get("counters"), path, "counterSet")


def validate_counter_set(counters: Part, path: str) -> list[FieldError]:
    return _validate_counters(name_of(counters), counters.get("counters"), path, "name")


def _validate_counters(name: str, counters: dict[str, Part] | None, path: str, key: str) -> list[FieldError]:
    faults = validate_label(name, f"{path}.{key}") if name else [required(f"{path}.{key}")]
    if not counters:
        return [*faults, required(path + ".counters")]
    return faults + validate_map(
        counters, _MAX_COUNTERS, validate_label, lambda counter, where: [], path + ".counters", _MAX_LABEL
    )
