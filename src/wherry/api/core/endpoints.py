"""Endpoints: the addresses behind a Service in one object; EndpointSlices took their place."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.addresses import parse_ip, validate_legacy_ip
from wherry.api.meta.columns import AGE, NAME, NONE
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    port_number_faults,
    qualified_name_faults,
    routable_faults,
)
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _endpoints(endpoints: Obj, _: float) -> Cell:
    subsets = endpoints.get("subsets")
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [address.get("ip") or "" for address in subset.get("addresses") or ()]
        ports = subset.get("ports")
        if not ports:
            found += addresses
        for port in ports or ():
            found += [_join(address, port.get("port") or 0) for address in addresses]
    shown = ",".join(found[:3])
    return f"{shown} + {len(found) - 3} more..." if len(found) > 3 else shown


def _join(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def set_defaults(endpoints: Obj) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def validate(endpoints: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            faults.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for field in ("addresses", "notReadyAddresses"):
            for at, address in enumerate(subset.get(field) or ()):
                _validate_address(address, f"{path}.{field}[{at}]", faults)
        for at, port in enumerate(subset.get("ports") or ()):
            faults += _validate_port(port, len(subset["ports"]) > 1, f"{path}.ports[{at}]")
    return faults


def _validate_address(address: Obj, path: str, faults: list[FieldError]) -> None:
    ip, name, node = address.get("ip") or "", address.get("hostname"), address.get("nodeName")
    faults += validate_legacy_ip(ip, path + ".ip")
    if name:
        faults += [invalid(path + ".hostname", name, why) for why in dns1123_label_faults(name)]
    if node is not None:
        faults += [invalid(path + ".nodeName", node, why) for why in dns1123_subdomain_faults(node)]
    parsed = parse_ip(ip)
    reasons = ["must be a valid IP address"] if parsed is None else routable_faults(str(parsed))
    faults += [invalid(path + ".ip", ip, why) for why in reasons]


def _validate_port(port: Obj, needs_name: bool, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    if name := port.get("name"):
        faults += [invalid(path + ".name", name, why) for why in dns1123_label_faults(name)]
    elif needs_name:
        faults.append(required(path + ".name"))
    number = port.get("port") or 0
    faults += [invalid(path + ".port", number, why) for why in port_number_faults(number)]
    if port.get("protocol") not in ("SCTP", "TCP", "UDP"):
        faults.append(not_supported(path + ".protocol", port.get("protocol") or "", ("SCTP", "TCP", "UDP")))
    if (protocol := port.get("appProtocol")) is not None:
        faults += [invalid(path + ".appProtocol", protocol, why) for why in qualified_name_faults(protocol)]
    return faults


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
    defaults=set_defaults,
    validate=validate,
    deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
)
