"""StorageVersionMigrations: rewrite all objects of a kind in its present storage version."""

from __future__ import annotations

import re

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import NAME
from wherry.api.meta.conditions import is_true, validate_conditions
from wherry.api.meta.names import dns1035_label_faults, dns1123_subdomain_faults
from wherry.api.meta.objectmeta import IMMUTABLE, keep_metadata
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _resource(migration: Obj, _: float) -> Cell:
    resource = (migration.get("spec") or {}).get("resource") or {}
    return ".".join(part for part in (resource.get("resource"), resource.get("group")) if part)


_ENDS = ("Running", "Succeeded", "Failed")


def _status(migration: Obj, _: float) -> Cell:
    conditions = (migration.get("status") or {}).get("conditions") or ()
    found = [c["type"] for c in conditions if c.get("type") in _ENDS and c.get("status") == "True"]
    return found[-1] if found else "Unknown"


def validate(migration: Obj) -> list[FieldError]:
    resource, path = (migration.get("spec") or {}).get("resource") or {}, "spec.resource"
    name, group = resource.get("resource") or "", resource.get("group") or ""
    faults: list[FieldError] = []
    if not name:
        faults.append(required(path + ".resource", "resource is required to be set"))
    elif reasons := dns1035_label_faults(name):
        faults.append(invalid(path + ".resource", name, ",".join(reasons)))
    if group and (reasons := dns1123_subdomain_faults(group)):
        faults.append(invalid(path + ".group", group, ",".join(reasons)))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("spec") == old.get("spec") else [invalid("spec", new.get("spec"), IMMUTABLE)]


_VERSION = re.compile(r"[1-9][0-9]*\Z")


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    """A migration ends once, well or badly, and is about one revision."""
    status, before = new.get("status") or {}, old.get("status") or {}
    conditions, version = status.get("conditions"), status.get("resourceVersion") or ""
    faults: list[FieldError] = []
    if version and not _VERSION.match(version):
        faults.append(invalid("status.resourceVersion", version, f"resource version is not well formed: {version}"))
    faults += validate_conditions(conditions, "status.conditions")
    if before.get("resourceVersion") and before["resourceVersion"] != version:
        faults.append(invalid("status.resourceVersion", version, IMMUTABLE))
    if is_true(conditions, "Succeeded") and is_true(conditions, "Failed"):
        why = "Both success and failed conditions cannot be true at the same time"
        faults.append(invalid("status.conditions", conditions, why))
    for condition, name in (("Succeeded", "Success"), ("Failed", "Failed")):
        if is_true(before.get("conditions"), condition) and not is_true(conditions, condition):
            why = f"{name} condition cannot be set to false once it is true"
            faults.append(invalid("status.conditions", conditions, why))
    return faults


STORAGEVERSIONMIGRATIONS = Resource(
    group="storagemigration.k8s.io",
    version="v1",
    kind="StorageVersionMigration",
    plural="storageversionmigrations",
    schema=schema("storagemigration.k8s.io/v1", "StorageVersionMigration"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(NAME, Column("Resource", _resource), Column("Status", _status)),
    prepare_status_update=keep_metadata,
    validate=validate,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
