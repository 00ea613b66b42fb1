"""IPAddresses: one address of the service network and the Service that has it."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _parent(address: Obj, _: float) -> Cell:
    parent = (address.get("spec") or {}).get("parentRef")
    if not parent:
        return NONE
    group, namespace = parent.get("group"), parent.get("namespace")
    resource = f"{parent.get('resource') or ''}{'.' + group if group else ''}".lower()
    return "/".join(part for part in (resource, namespace, parent.get("name")) if part)


IPADDRESSES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="IPAddress",
    plural="ipaddresses",
    schema=schema("networking.k8s.io/v1", "IPAddress"),
    short_names=("ip",),
    scope=Scope.CLUSTER,
    unconditional_update=False,
    columns=(NAME, Column("ParentRef", _parent), AGE),
)
