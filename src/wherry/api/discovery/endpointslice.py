"""EndpointSlices: the addresses behind a Service, in portions."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, listed, text
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _ports(slice_: Obj, _: float) -> Cell:
    return listed(str(port.get("port") or port.get("name") or "*") for port in slice_.get("ports") or ())


def _endpoints(slice_: Obj, _: float) -> Cell:
    return listed(address for endpoint in slice_.get("endpoints") or () for address in endpoint.get("addresses") or ())


ENDPOINTSLICES = Resource(
    group="discovery.k8s.io",
    version="v1",
    kind="EndpointSlice",
    plural="endpointslices",
    schema=schema("discovery.k8s.io/v1", "EndpointSlice"),
    has_generation=True,
    columns=(
        NAME,
        Column("AddressType", text("addressType")),
        Column("Ports", _ports),
        Column("Endpoints", _endpoints),
        AGE,
    ),
)
