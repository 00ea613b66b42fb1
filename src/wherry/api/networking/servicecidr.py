"""ServiceCIDRs: the ranges that Services get their addresses from."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.addresses import parse_cidr, validate_cidr
from wherry.api.meta.columns import AGE, NAME, joined
from wherry.api.meta.objectmeta import IMMUTABLE, keep_metadata
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema


def _cidrs(obj: Obj) -> list[str]:
    return (obj.get("spec") or {}).get("cidrs") or []


def validate_create(obj: Obj) -> list[FieldError]:
    """One range, or one of each family."""
    cidrs, path = _cidrs(obj), "spec.cidrs"
    if not cidrs:
        return [required(path, "at least one CIDR required")]
    if len(cidrs) > 2:
        return [invalid(path, obj["spec"], "may only hold up to 2 values")]
    faults = [fault for index, cidr in enumerate(cidrs) for fault in validate_cidr(cidr, f"{path}[{index}]")]
    parsed = [parse_cidr(cidr) for cidr in cidrs]
    families = [each[1].version for each in parsed if each is not None]
    if len(families) == 2 and families[0] == families[1]:
        why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        faults.append(invalid(path, cidrs, why))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Ranges stay; the other family may join."""
    cidrs, before, path = _cidrs(new), _cidrs(old), "spec.cidrs"
    if len(cidrs) != len(before) and (len(cidrs), len(before)) != (2, 1):
        return [invalid(path, cidrs, IMMUTABLE)]
    faults = [
        invalid(f"{path}[{index}]", now, IMMUTABLE)
        for index, (now, then) in enumerate(zip(cidrs, before, strict=False))
        if now != then
    ]
    return faults if len(cidrs) == len(before) else faults + validate_create(new)


SERVICECIDRS = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="ServiceCIDR",
    plural="servicecidrs",
    schema=schema("networking.k8s.io/v1", "ServiceCIDR"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    prepare_status_update=keep_metadata,
    validate_create=validate_create,
    validate_update=validate_update,
    columns=(NAME, Column("CIDRs", joined("spec.cidrs")), AGE),
)
