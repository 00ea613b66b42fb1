"""Endpoints: the addresses behind a Service in one object; EndpointSlices took their place."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _endpoints(endpoints: Obj, _: float) -> Cell:
    subsets = endpoints.get("subsets")
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports")
        if not ports:
            found += addresses
        for port in ports or ():
            found += [_join(address, port["port"]) for address in addresses]
    shown = ",".join(found[:3])
    return f"{shown} + {len(found) - 3} more..." if len(found) > 3 else shown


def _join(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


ENDPOINTS = Resource(
    group="",
    version="v1",
    kind="Endpoints",
    plural="endpoints",
    schema=schema("v1", "Endpoints"),
    list_kind="EndpointsList",
    short_names=("ep",),
    create_on_update=True,
    columns=(NAME, Column("Endpoints", _endpoints), AGE),
)
