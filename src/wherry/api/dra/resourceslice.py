"""ResourceSlices: the devices that a driver has on a node."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.dra.devices import LIST_ATTRIBUTES, device_judge, judge_selector, validate_counter_set
from wherry.api.dra.rules import (
    Judge,
    name_of,
    only_true,
    validate_driver_name,
    validate_exclusive,
    validate_node_name,
    validate_pool_name,
    validate_set,
)
from wherry.api.dra.taints import stamp_taint
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Column, Resource, Scope, lookup
from wherry.api.schema import schema

_MAX_DEVICES, _MAX_ADVANCED, _MAX_COUNTER_SETS = 128, 64, 8
_ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


def prepare_create(slice_: Obj) -> None:
    slice_.setdefault("spec", {})


def prepare_update(new: Obj, _: Obj) -> None:
    new.setdefault("spec", {})


def stamp(slice_: Obj, _: Obj | None, now: str) -> None:
    for device in slice_["spec"].get("devices") or ():
        for taint in device.get("taints") or ():
            stamp_taint(taint, now)


def _has_lists(device: dict[str, Any]) -> bool:
    attributes = (device.get("attributes") or {}).values()
    return any(attribute.get(key) is not None for attribute in attributes for key in LIST_ATTRIBUTES)


def validate_create(slice_: Obj) -> list[FieldError]:
    return _validate(slice_["spec"], None)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate(new["spec"], old["spec"])


def _validate(spec: dict[str, Any], old: dict[str, Any] | None) -> list[FieldError]:
    faults = validate_driver_name(spec.get("driver") or "", "spec.driver") + _validate_pool(spec.get("pool") or {})
    if old is not None:
        for path in (".pool.name", ".driver", ".nodeName"):
            if lookup(spec, path) != lookup(old, path):
                faults.append(invalid("spec" + path, lookup(spec, path), IMMUTABLE))
    faults += validate_exclusive(spec, "spec", _PLACE_JUDGES, _ONE_PLACE, ", but multiple fields are set")
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        faults.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    devices = spec.get("devices") or []
    is_advanced = any(d.get("taints") or d.get("consumesCounters") or _has_lists(d) for d in devices)
    before = {name_of(device): device for device in reversed((old or {}).get("devices") or ())}
    judge = device_judge(before, has_own_places=bool(spec.get("perDeviceNodeSelection")))
    faults += validate_set(
        devices, _MAX_ADVANCED if is_advanced else _MAX_DEVICES, judge, "spec.devices", name_of, shows_key=True
    )
    counters = spec.get("sharedCounters")
    return faults + validate_set(counters, _MAX_COUNTER_SETS, validate_counter_set, "spec.sharedCounters", name_of)


def _validate_pool(pool: dict[str, Any]) -> list[FieldError]:
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    faults = validate_pool_name(name_of(pool), "spec.pool.name")
    if count <= 0:
        faults.append(invalid("spec.pool.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        faults.append(invalid("spec.pool.generation", generation, "must be greater than or equal to zero"))
    return faults


def _judge_name(name: str, path: str) -> list[FieldError]:
    if not name:
        return [invalid(path, name, "must be either unset or set to a non-empty string")]
    return validate_node_name(name, path)


def _judge_selector(selector: dict[str, Any], path: str) -> list[FieldError]:
    """One term, so that selectors of several slices can be joined."""
    faults, terms = judge_selector(selector, path), selector.get("nodeSelectorTerms") or []
    if len(terms) != 1:
        faults.append(invalid(path + ".nodeSelectorTerms", terms, "must have exactly one node selector term"))
    return faults


_PLACE_JUDGES: dict[str, Judge] = {
    "nodeName": _judge_name,
    "nodeSelector": _judge_selector,
    "allNodes": only_true,
    "perDeviceNodeSelection": only_true,
}


def warn(slice_: Obj, _: Obj | None) -> list[str]:
    driver = slice_["spec"].get("driver") or ""
    if driver == driver.lower():
        return []
    return [f'spec.driver: driver names should be lowercase; "{driver}" contains uppercase characters']


RESOURCESLICES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceSlice",
    plural="resourceslices",
    schema=schema("resource.k8s.io/v1", "ResourceSlice"),
    scope=Scope.CLUSTER,
    has_generation=True,
    fields={
        "spec.nodeName": lambda slice_: (slice_.get("spec") or {}).get("nodeName") or "",
        "spec.driver": lambda slice_: (slice_.get("spec") or {}).get("driver") or "",
    },
    columns=(
        NAME,
        Column("Node", text("spec.nodeName")),
        Column("Driver", text("spec.driver")),
        Column("Pool", text("spec.pool.name")),
        AGE,
    ),
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    stamp=stamp,
    validate_create=validate_create,
    validate_update=validate_update,
    warnings=warn,
    returns_deleted=True,
)
