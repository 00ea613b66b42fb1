"""EndpointSlices: the addresses behind a Service, in portions."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required, too_many
from wherry.api.meta.addresses import is_ordinary, validate_ip, validate_legacy_ip, warn_of_ip
from wherry.api.meta.columns import AGE, NAME, listed, text
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    label_value_faults,
    qualified_name_faults,
    routable_faults,
)
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource
from wherry.api.schema import schema


def _ports(slice_: Obj, _: float) -> Cell:
    return listed(map(_port, slice_.get("ports") or ()))


def _port(port: Obj) -> str:
    number, name = port.get("port"), port.get("name")
    return str(number) if number is not None else "*" if name is None else str(name)


def _endpoints(slice_: Obj, _: float) -> Cell:
    return listed(address for endpoint in slice_.get("endpoints") or () for address in endpoint.get("addresses") or ())


_FAMILIES = ("FQDN", "IPv4", "IPv6")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MAX_ENDPOINTS, _MAX_PORTS, _MAX_ADDRESSES, _MAX_HINTS = 1000, 20000, 100, 8
_CONTROLLERS = frozenset({"endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"})
Faults = list[FieldError]


def set_defaults(slice_: Obj) -> None:
    for port in slice_.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def prepare_create(slice_: Obj) -> None:
    _drop_topology(slice_)


def prepare_update(new: Obj, old: Obj) -> None:
    """Labels tell the Service, so a change of them is a new generation as well."""
    if (new["metadata"].get("labels") or None) != (old["metadata"].get("labels") or None):
        new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1
    if new.get("endpoints") != old.get("endpoints"):
        _drop_topology(new)


def _drop_topology(slice_: Obj) -> None:
    """Only the version before this one could say more of where an endpoint is."""
    for endpoint in slice_.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


def validate_create(slice_: Obj) -> Faults:
    return _validate(slice_, None)


def validate_update(new: Obj, old: Obj) -> Faults:
    faults = _validate(new, old)
    if new.get("addressType") != old.get("addressType"):
        faults.append(invalid("addressType", None, IMMUTABLE))
    return faults


def _validate(slice_: Obj, old: Obj | None) -> Faults:
    """Endpoints that have not changed are put up with."""
    faults: Faults = []
    family, endpoints = slice_.get("addressType") or "", slice_.get("endpoints") or []
    if not family:
        faults.append(required("addressType"))
    elif family not in _FAMILIES:
        faults.append(not_supported("addressType", family, _FAMILIES))
    faults += _validate_ports(slice_.get("ports") or ())
    found = _validate_endpoints(endpoints, family)
    if found and (old is None or (old.get("endpoints") or []) != endpoints):
        faults += found
    return faults


def _validate_endpoints(endpoints: Sequence[Obj], family: str) -> Faults:
    if len(endpoints) > _MAX_ENDPOINTS:
        return [too_many("endpoints", len(endpoints), _MAX_ENDPOINTS)]
    faults: Faults = []
    for index, endpoint in enumerate(endpoints):
        path = f"endpoints[{index}]"
        faults += _validate_addresses(endpoint.get("addresses") or (), family, path + ".addresses")
        if (node := endpoint.get("nodeName")) is not None:
            faults += [invalid(path + ".nodeName", node, why) for why in dns1123_subdomain_faults(node)]
        if (host := endpoint.get("hostname")) is not None:
            faults += [invalid(path + ".hostname", host, why) for why in dns1123_label_faults(host)]
        if hints := endpoint.get("hints"):
            faults += _validate_hints(hints, path + ".hints")
    return faults


def _validate_addresses(addresses: Sequence[str], family: str, path: str) -> Faults:
    faults: Faults = []
    if not addresses:
        faults.append(required(path))
    elif len(addresses) > _MAX_ADDRESSES:
        faults.append(too_many(path, len(addresses), _MAX_ADDRESSES))
    for index, address in enumerate(addresses):
        if family == "IPv4" and is_ordinary(address):
            continue
        where = f"{path}[{index}]"
        if family == "FQDN":
            faults += _validate_domain(address, where)
            continue
        if family not in _FAMILIES:
            continue
        found = validate_legacy_ip(address, where) if family == "IPv4" else validate_ip(address, where)
        if found:
            faults += found
            continue
        if (":" in address) is not (family == "IPv6"):
            faults.append(invalid(path, address, f"must be an {family} address"))
        faults += [invalid(where, address, why) for why in routable_faults(address)]
    return faults


def _validate_domain(name: str, path: str) -> Faults:
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    if reasons := dns1123_subdomain_faults(name):
        return [invalid(path, name, ",".join(reasons))]
    labels = name.split(".")
    if len(labels) < 2:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    bad = next((label for label in labels if dns1123_label_faults(label)), None)
    return [] if bad is None else [invalid(path, bad, ",".join(dns1123_label_faults(bad)))]


def _validate_hints(hints: Obj, path: str) -> Faults:
    faults: Faults = []
    for field, judge in (("forZones", label_value_faults), ("forNodes", dns1123_subdomain_faults)):
        entries, seen = hints.get(field) or (), set[str]()
        if len(entries) > _MAX_HINTS:
            return [*faults, too_many(f"{path}.{field}", len(entries), _MAX_HINTS)]
        for index, entry in enumerate(entries):
            name, where = entry.get("name") or "", f"{path}.{field}[{index}].name"
            if name in seen:
                faults.append(duplicate(where, name))
            seen.add(name)
            faults += [invalid(where, name, why) for why in judge(name)]
    return faults


def _validate_ports(ports: Sequence[Obj]) -> Faults:
    if len(ports) > _MAX_PORTS:
        return [too_many("ports", len(ports), _MAX_PORTS)]
    faults: Faults = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        name, protocol, path = port.get("name") or "", port.get("protocol"), f"ports[{index}]"
        if name:
            faults += [invalid(path + ".name", name, why) for why in dns1123_label_faults(name)]
        if name in names:
            faults.append(duplicate(path + ".name", name))
        names.add(name)
        if protocol not in _PROTOCOLS:
            faults.append(not_supported(path + ".protocol", protocol or "", _PROTOCOLS))
        if (application := port.get("appProtocol")) is not None:
            faults += [invalid(path + ".appProtocol", application, why) for why in qualified_name_faults(application)]
    return faults


def warnings(slice_: Obj, old: Obj | None) -> Sequence[str]:
    found: list[str] = []
    if old is None and slice_.get("addressType") == "FQDN":
        found.append("spec.addressType: FQDN endpoints are deprecated")
    labels = slice_["metadata"].get("labels") or {}
    if labels.get("endpointslice.kubernetes.io/managed-by") in _CONTROLLERS:
        return found
    for index, endpoint in enumerate(slice_.get("endpoints") or ()):
        for at, address in enumerate(endpoint.get("addresses") or ()):
            found += warn_of_ip(address, f"endpoints[{index}].addresses[{at}]")
    return found


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
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate_create=validate_create,
    validate_update=validate_update,
    warnings=warnings,
)
