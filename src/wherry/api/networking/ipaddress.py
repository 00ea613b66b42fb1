"""IPAddresses: one address of the service network and the Service that has it."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.addresses import validate_ip
from wherry.api.meta.columns import NAME, NONE
from wherry.api.meta.names import dns1123_subdomain_faults, path_segment_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _parent(address: Obj, _: float) -> Cell:
    parent = (address.get("spec") or {}).get("parentRef")
    if not parent:
        return NONE
    group, namespace = parent.get("group"), parent.get("namespace")
    resource = f"{parent.get('resource') or ''}{'.' + group if group else ''}".lower()
    return "/".join(part for part in (resource, namespace, parent.get("name")) if part)


def _validate_name(name: str, _: bool) -> Sequence[str]:
    """The name is the address."""
    return [fault.detail for fault in validate_ip(name, "metadata.name")]


def validate(address: Obj) -> list[FieldError]:
    """The group may be empty: Services have none."""
    parent, path = (address.get("spec") or {}).get("parentRef"), "spec.parentRef"
    if parent is None:
        return [required(path)]
    faults: list[FieldError] = []
    if group := parent.get("group"):
        faults += [invalid(path + ".group", group, why) for why in dns1123_subdomain_faults(group)]
    for field in ("resource", "name", "namespace"):
        value = parent.get(field) or ""
        if not value and field != "namespace":
            faults.append(required(f"{path}.{field}"))
        faults += [invalid(f"{path}.{field}", value, why) for why in path_segment_faults(value)]
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    parent = (new.get("spec") or {}).get("parentRef")
    if parent == (old.get("spec") or {}).get("parentRef"):
        return []
    return [invalid("spec.parentRef", None, IMMUTABLE)]


IPADDRESSES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="IPAddress",
    plural="ipaddresses",
    schema=schema("networking.k8s.io/v1", "IPAddress"),
    short_names=("ip",),
    scope=Scope.CLUSTER,
    columns=(NAME, Column("ParentRef", _parent)),
    validate_name=_validate_name,
    validate=validate,
    validate_update=validate_update,
)
