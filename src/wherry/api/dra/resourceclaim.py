"""ResourceClaims: a pod's wish for devices, and what it was given."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.dra.requests import set_request_defaults
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.objectmeta import IMMUTABLE
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


def set_defaults(claim: Obj) -> None:
    set_request_defaults(claim.get("spec"))


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("spec") == old.get("spec") else [invalid("spec", new.get("spec"), IMMUTABLE)]


RESOURCECLAIMS = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaim",
    plural="resourceclaims",
    schema=schema("resource.k8s.io/v1", "ResourceClaim"),
    subresources=(STATUS,),
    columns=(NAME, Column("State", _state), AGE),
    defaults=set_defaults,
    validate_update=validate_update,
    returns_deleted=True,
)
