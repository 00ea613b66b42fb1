"""ResourceClaims: a pod's wish for devices, and what it was given."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.dra.allocations import drop_devices, validate_allocation, validate_device_status
from wherry.api.dra.requests import request_names, set_request_defaults, validate_claim_spec
from wherry.api.dra.rules import validate_set
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.objectmeta import IMMUTABLE, keep_metadata
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _state(claim: Obj, _: float) -> Cell:
    status, deleted = claim.get("status") or {}, bool(claim["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if deleted else []
    if not status.get("allocation"):
        return ",".join(states or ["pending"])
    states.append("allocated")
    if status.get("reservedFor"):
        states.append("reserved")
    return ",".join(states)


_MAX_CONSUMERS = 256


def set_defaults(claim: Obj) -> None:
    set_request_defaults(claim.get("spec"))


def prepare_status_update(new: Obj, old: Obj) -> None:
    keep_metadata(new, old)
    drop_devices(new.get("status") or {}, old.get("status") or {})


def validate_create(claim: Obj) -> list[FieldError]:
    return validate_claim_spec(claim.get("spec") or {}, "spec")


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("spec") == old.get("spec") else [invalid("spec", None, IMMUTABLE)]


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    status, before = new.get("status") or {}, old.get("status") or {}
    consumers, allocation = status.get("reservedFor") or [], status.get("allocation")
    faults = validate_set(
        consumers, _MAX_CONSUMERS, _validate_consumer, "status.reservedFor", lambda consumer: consumer.get("uid") or ""
    )
    faults += validate_device_status(status.get("devices"), allocation or {}, "status.devices")
    if consumers and allocation is None:
        faults.append(forbidden("status.reservedFor", "may not be specified when `allocated` is not set"))
    elif new["metadata"].get("deletionTimestamp"):
        known = before.get("reservedFor") or []
        if any(consumer not in known for consumer in consumers):
            why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            faults.append(forbidden("status.reservedFor", why))
    if allocation is None:
        return faults
    if before.get("allocation") is None:
        return faults + validate_allocation(allocation, request_names(new.get("spec") or {}), "status.allocation")
    if before["allocation"] != allocation:
        faults.append(invalid("status.allocation", None, "field cannot be modified once set"))
    return faults


def _validate_consumer(consumer: Obj, path: str) -> list[FieldError]:
    return [required(f"{path}.{key}") for key in ("resource", "name", "uid") if not consumer.get(key)]


RESOURCECLAIMS = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaim",
    plural="resourceclaims",
    schema=schema("resource.k8s.io/v1", "ResourceClaim"),
    subresources=(STATUS,),
    columns=(NAME, Column("State", _state), AGE),
    defaults=set_defaults,
    prepare_status_update=prepare_status_update,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    returns_deleted=True,
)
