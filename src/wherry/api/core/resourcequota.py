"""ResourceQuotas: how much a namespace may use altogether."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME, Value
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _amounts(limits: bool) -> Value:
    def value(quota: Obj, _: float) -> Cell:
        status = quota.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        return ", ".join(
            f"{name}: {used.get(name) or '0'}/{hard[name]}"
            for name in sorted(hard)
            if name.startswith("limits.") is limits
        )

    return value


_SCOPES = (
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
)


def validate(quota: Obj) -> list[FieldError]:
    spec, faults = quota.get("spec") or {}, []
    for name, text in (spec.get("hard") or {}).items():
        path = f"spec.hard[{name}]"
        faults += [invalid(path, name, why) for why in qualified_name_faults(name)]
        value = parse_quantity(text)
        if value < 0:
            faults.append(invalid(path, text, NOT_NEGATIVE))
        if (name == "pods" or name.startswith("count/")) and value % 1:
            faults.append(invalid(path, text, "must be an integer"))
    for scope in spec.get("scopes") or ():
        if scope not in _SCOPES:
            faults.append(invalid("spec.scopes", spec["scopes"], "unsupported scope"))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    scopes, before = (set((obj.get("spec") or {}).get("scopes") or ()) for obj in (new, old))
    return [] if scopes == before else [invalid("spec.scopes", sorted(scopes), IMMUTABLE)]


RESOURCEQUOTAS = Resource(
    group="",
    version="v1",
    kind="ResourceQuota",
    plural="resourcequotas",
    schema=schema("v1", "ResourceQuota"),
    short_names=("quota",),
    returns_deleted=True,
    columns=(NAME, Column("Request", _amounts(False)), Column("Limit", _amounts(True)), AGE),
    subresources=(STATUS,),
    validate=validate,
    validate_update=validate_update,
)
