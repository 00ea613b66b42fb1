"""CSINodes: which storage drivers a node has."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, invalid, required
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema
from wherry.api.storage.rules import validate_driver_name

_MAX_NODE_ID = 256


def validate(node: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    names: set[str] = set()
    for index, driver in enumerate((node.get("spec") or {}).get("drivers") or ()):
        faults += _validate_driver(driver, names, f"spec.drivers[{index}]")
    return faults


def _validate_driver(driver: Obj, names: set[str], path: str) -> list[FieldError]:
    name, node_id, keys = driver.get("name") or "", driver.get("nodeID") or "", driver.get("topologyKeys") or []
    faults = validate_driver_name(name, path + ".name")
    if not node_id:
        faults.append(required(path + ".nodeID"))
    if len(node_id) > _MAX_NODE_ID:
        faults.append(invalid(path + ".nodeID", node_id, f"must be {_MAX_NODE_ID} characters or less"))
    count = (driver.get("allocatable") or {}).get("count")
    if count is not None and count < 0:
        faults.append(invalid(path + ".allocatable.count", count, NOT_NEGATIVE))
    if name in names:
        faults.append(duplicate(path + ".name", name))
    names.add(name)
    for index, key in enumerate(keys):
        if not key:
            faults.append(required(path, key))
        if key in keys[:index]:
            faults.append(duplicate(path, key))
        faults += [invalid(path, key, why) for why in qualified_name_faults(key)]
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """A driver that is there stays as it is; how many volumes it can attach may change."""
    drivers = {driver.get("name"): driver for driver in (new.get("spec") or {}).get("drivers") or ()}
    faults: list[FieldError] = []
    for before in (old.get("spec") or {}).get("drivers") or ():
        driver = drivers.get(before.get("name"))
        if driver is not None and _settled(driver) != _settled(before):
            faults.append(invalid("spec.drivers", _settled(driver), IMMUTABLE))
    return faults


def _settled(driver: Obj) -> Obj:
    return {field: value for field, value in driver.items() if field != "allocatable"}


CSINODES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="CSINode",
    plural="csinodes",
    schema=schema("storage.k8s.io/v1", "CSINode"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(NAME, Column("Drivers", size("spec.drivers"), "integer"), AGE),
    validate=validate,
    validate_update=validate_update,
    returns_deleted=True,
)
