"""EndpointSlices: the addresses behind a Service, in portions."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required, too_many
from wherry.api.meta.columns import AGE, NAME, listed, text
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults, ip_faults, routable_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _ports(slice_: Obj, _: float) -> Cell:
    return listed(str(port.get("port") or port.get("name") or "*") for port in slice_.get("ports") or ())


def _endpoints(slice_: Obj, _: float) -> Cell:
    return listed(address for endpoint in slice_.get("endpoints") or () for address in endpoint.get("addresses") or ())


_FAMILIES = ("FQDN", "IPv4", "IPv6")
_MAX_ENDPOINTS, _MAX_PORTS, _MAX_ADDRESSES = 1000, 20000, 100


def set_defaults(slice_: Obj) -> None:
    for port in slice_.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def validate(slice_: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    family, endpoints = slice_.get("addressType") or "", slice_.get("endpoints") or ()
    if not family:
        faults.append(required("addressType"))
    elif family not in _FAMILIES:
        faults.append(not_supported("addressType", family, _FAMILIES))
    if len(endpoints) > _MAX_ENDPOINTS:
        faults.append(too_many("endpoints", len(endpoints), _MAX_ENDPOINTS))
        return faults
    for index, endpoint in enumerate(endpoints):
        faults += _validate_addresses(endpoint.get("addresses") or (), family, f"endpoints[{index}].addresses")
    return faults + _validate_ports(slice_.get("ports") or ())


def _validate_addresses(addresses: Sequence[str], family: str, path: str) -> list[FieldError]:
    if not addresses:
        return [required(path, "must contain at least 1 address")]
    if len(addresses) > _MAX_ADDRESSES:
        return [too_many(path, len(addresses), _MAX_ADDRESSES)]
    faults: list[FieldError] = []
    for index, address in enumerate(addresses):
        reasons: Sequence[str]
        if family == "FQDN":
            reasons = dns1123_subdomain_faults(address)
        elif (":" in address) is not (family == "IPv6") or ip_faults(address):
            reasons = [f"must be an {family} address"]
        else:
            reasons = routable_faults(address)
        faults += [invalid(f"{path}[{index}]", address, why) for why in reasons]
    return faults


def _validate_ports(ports: Sequence[Obj]) -> list[FieldError]:
    faults: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        name = port.get("name") or ""
        if name:
            faults += [invalid(f"ports[{index}].name", name, why) for why in dns1123_label_faults(name)]
        if name in names:
            faults.append(duplicate(f"ports[{index}].name", name))
        names.add(name)
        if port.get("protocol") not in ("SCTP", "TCP", "UDP"):
            faults.append(not_supported(f"ports[{index}].protocol", port.get("protocol") or "", ("SCTP", "TCP", "UDP")))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    if new.get("addressType") != old.get("addressType"):
        return [invalid("addressType", new.get("addressType"), IMMUTABLE)]
    return []


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
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
)
