"""Defaults and rules of Services. Which addresses and ports a Service gets is decided when it is stored, not here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import (
    cidr_faults,
    dns1123_label_faults,
    dns1123_subdomain_faults,
    in_range_text,
    ip_faults,
    port_name_faults,
    port_number_faults,
    qualified_name_faults,
)

Faults = list[FieldError]

HEADLESS = "None"
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_EXTERNAL = ("LoadBalancer", "NodePort")
_ALLOCATED = ("clusterIP", "clusterIPs")
_FAMILIES = ("ipFamilies", "ipFamilyPolicy")


def set_defaults(service: Obj) -> None:
    spec = service.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        config.setdefault("timeoutSeconds", 10800)
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port") or 0
    if kind in _EXTERNAL:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def is_headless(spec: dict[str, Any]) -> bool:
    """Whether clients are to find the pods themselves, by DNS."""
    return spec.get("clusterIP") == HEADLESS


def prepare_create(service: Obj) -> None:
    """Bring the two spellings of the address in step; a headless Service needs no allocation and is complete."""
    spec = service["spec"]
    service["status"] = {"loadBalancer": {}}
    _drop_foreign_fields(spec)
    _align(spec)
    if is_headless(spec) and not spec.get("ipFamilyPolicy"):
        selects = bool(spec.get("selector"))
        spec["ipFamilyPolicy"] = "SingleStack" if selects else "RequireDualStack"
        spec.setdefault("ipFamilies", ["IPv4"] if selects else ["IPv4", "IPv6"])


def prepare_update(new: Obj, old: Obj) -> None:
    """What was allocated is kept unless the writer says otherwise; what another type has no use for is dropped."""
    spec, before = new["spec"], old["spec"]
    if spec["type"] != "ExternalName" and before["type"] != "ExternalName":
        if not spec.get("clusterIP") and not spec.get("clusterIPs"):
            for field in _ALLOCATED:
                _keep(spec, before, field)
        for field in _FAMILIES:
            if not spec.get(field):
                _keep(spec, before, field)
    if spec["type"] in _EXTERNAL and before["type"] in _EXTERNAL:
        _keep_node_ports(spec, before)
    if spec["type"] == "LoadBalancer" and not spec.get("healthCheckNodePort"):
        _keep(spec, before, "healthCheckNodePort")
    _drop_foreign_fields(spec)
    _align(spec)


def _keep(spec: dict[str, Any], before: dict[str, Any], field: str) -> None:
    if field in before:
        spec[field] = before[field]


def _keep_node_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Ports that name no node port keep that of the old port of the same protocol and number."""
    known = {(p["protocol"], p["port"]): p["nodePort"] for p in before.get("ports") or () if p.get("nodePort")}
    claimed = {port.get("nodePort") for port in spec.get("ports") or ()}
    for port in spec.get("ports") or ():
        number = known.get((port.get("protocol"), port.get("port")))
        if number and not port.get("nodePort") and number not in claimed:
            port["nodePort"] = number
            claimed.add(number)


def _drop_foreign_fields(spec: dict[str, Any]) -> None:
    kind = spec["type"]
    if kind == "ExternalName":
        if not spec.get("clusterIP"):
            for field in (*_ALLOCATED, *_FAMILIES):
                spec.pop(field, None)
        spec.pop("internalTrafficPolicy", None)
    if kind not in _EXTERNAL and not spec.get("externalIPs"):
        spec.pop("externalTrafficPolicy", None)
    if kind != "LoadBalancer":
        spec.pop("allocateLoadBalancerNodePorts", None)
        spec.pop("loadBalancerClass", None)


def _align(spec: dict[str, Any]) -> None:
    address, addresses = spec.get("clusterIP"), spec.get("clusterIPs")
    if address and not addresses:
        spec["clusterIPs"] = [address]
    elif addresses and not address:
        spec["clusterIP"] = addresses[0]


def validate(service: Obj) -> Faults:
    spec, faults = service["spec"], list[FieldError]()
    kind, ports = spec["type"], spec.get("ports") or ()
    if not ports and not is_headless(spec) and kind != "ExternalName":
        faults.append(required("spec.ports"))
    if kind not in _TYPES:
        faults.append(not_supported("spec.type", kind, _TYPES))
    if is_headless(spec) and kind in _EXTERNAL:
        faults.append(invalid("spec.clusterIPs[0]", HEADLESS, f"may not be set to 'None' for {kind} services"))
    if kind == "ExternalName":
        _validate_external_name(spec, faults)
    _validate_ports(spec, ports, faults)
    faults += validate_labels(spec.get("selector") or {}, "spec.selector")
    _validate_affinity(spec, faults)
    _validate_addresses(spec, faults)
    _validate_policies(spec, faults)
    return faults


def _validate_external_name(spec: dict[str, Any], faults: Faults) -> None:
    for field in (*_ALLOCATED[1:], *_FAMILIES):
        if spec.get(field):
            faults.append(forbidden("spec." + field, "may not be set for ExternalName services"))
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        faults.append(required("spec.externalName"))
    else:
        faults += [invalid("spec.externalName", name, why) for why in dns1123_subdomain_faults(name)]


def _validate_ports(spec: dict[str, Any], ports: Sequence[dict[str, Any]], faults: Faults) -> None:
    names: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    node_ports: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        _validate_port_name(port.get("name") or "", len(ports) > 1, names, path + ".name", faults)
        _validate_port(port, is_headless(spec), path, faults)
        protocol, number, node_port = port.get("protocol") or "", port.get("port") or 0, port.get("nodePort") or 0
        if (protocol, number) in numbers:
            faults.append(duplicate(path, {"port": number, "protocol": protocol}))
        numbers.add((protocol, number))
        if node_port:
            if spec["type"] in ("ClusterIP", "ExternalName"):
                faults.append(forbidden(path + ".nodePort", f"may not be used when `type` is '{spec['type']}'"))
            if (protocol, node_port) in node_ports:
                faults.append(duplicate(path + ".nodePort", node_port))
            node_ports.add((protocol, node_port))


def _validate_port_name(name: str, needed: bool, names: set[str], path: str, faults: Faults) -> None:
    if not name:
        if needed:
            faults.append(required(path))
        return
    faults += [invalid(path, name, why) for why in dns1123_label_faults(name)]
    if name in names:
        faults.append(duplicate(path, name))
    names.add(name)


def _validate_port(port: dict[str, Any], headless: bool, path: str, faults: Faults) -> None:
    number, target = port.get("port") or 0, port.get("targetPort")
    faults += [invalid(path + ".port", number, why) for why in port_number_faults(number)]
    protocol = port.get("protocol") or ""
    if not protocol:
        faults.append(required(path + ".protocol"))
    elif protocol not in ("SCTP", "TCP", "UDP"):
        faults.append(not_supported(path + ".protocol", protocol, ("SCTP", "TCP", "UDP")))
    if isinstance(target, str):
        faults += [invalid(path + ".targetPort", target, why) for why in port_name_faults(target)]
    elif not headless or target:
        faults += [invalid(path + ".targetPort", target or 0, why) for why in port_number_faults(target or 0)]
    if application := port.get("appProtocol"):
        faults += [invalid(path + ".appProtocol", application, why) for why in qualified_name_faults(application)]


def _validate_affinity(spec: dict[str, Any], faults: Faults) -> None:
    affinity = spec["sessionAffinity"]
    if affinity not in _AFFINITIES:
        faults.append(not_supported("spec.sessionAffinity", affinity, _AFFINITIES))
    elif affinity == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 1 <= seconds <= 86400:
            path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            faults.append(invalid(path, seconds, in_range_text(1, 86400).replace(", inclusive", "")))


def _validate_addresses(spec: dict[str, Any], faults: Faults) -> None:
    for index, address in enumerate(spec.get("clusterIPs") or ()):
        if address != HEADLESS:
            faults += [invalid(f"spec.clusterIPs[{index}]", address, why) for why in ip_faults(address)]
    addresses = spec.get("clusterIPs") or [None]
    if spec.get("clusterIP") and addresses[0] != spec["clusterIP"]:
        why = "first value must match `clusterIP`"
        faults.append(invalid("spec.clusterIPs", addresses, why))
    for index, address in enumerate(spec.get("externalIPs") or ()):
        faults += [invalid(f"spec.externalIPs[{index}]", address, why) for why in ip_faults(address)]
    for index, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        if spec["type"] != "LoadBalancer":
            why = "may only be used when `type` is 'LoadBalancer'"
            faults.append(forbidden("spec.loadBalancerSourceRanges", why))
            break
        faults += [invalid(f"spec.loadBalancerSourceRanges[{index}]", cidr, why) for why in cidr_faults(cidr.strip())]


def _validate_policies(spec: dict[str, Any], faults: Faults) -> None:
    for field in ("externalTrafficPolicy", "internalTrafficPolicy"):
        value = spec.get(field)
        if value is not None and value not in _POLICIES:
            faults.append(not_supported("spec." + field, value, _POLICIES))
    external = spec.get("externalTrafficPolicy")
    if external is not None and spec["type"] not in _EXTERNAL and not spec.get("externalIPs"):
        why = "may only be set for externally-accessible services"
        faults.append(invalid("spec.externalTrafficPolicy", external, why))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        faults.append(not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES))
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in ("IPv4", "IPv6"):
            faults.append(not_supported(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6")))


def validate_update(new: Obj, old: Obj) -> Faults:
    """An address that was given out stays, as long as the Service is of a type that has one."""
    spec, before = new["spec"], old["spec"]
    if "ExternalName" in (spec["type"], before["type"]):
        return []
    addresses, given = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    if not given or (addresses and addresses[0] == given[0]):
        return []
    return [invalid("spec.clusterIPs[0]", addresses, "may not change once set")]
