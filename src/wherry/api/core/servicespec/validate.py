"""The rules for a Service's state, in upstream's order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.servicespec.addresses import validate_addresses
from wherry.api.core.servicespec.needs import (
    HEADLESS,
    Spec,
    is_externally_accessible,
    is_headless,
    needs_health_check,
)
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.addresses import validate_legacy_cidr, validate_legacy_ip
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    port_name_faults,
    port_number_faults,
    qualified_name_faults,
    routable_faults,
)

Faults = list[FieldError]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_MOST_SECONDS = 86400
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"


def validate(service: Obj) -> Faults:
    """Everything about a Service that has its defaults and its addresses."""
    spec, faults = service["spec"], list[FieldError]()
    annotations = service["metadata"].get("annotations") or {}
    kind, ports = spec["type"], spec.get("ports") or ()
    if _MODE in annotations and _HINTS in annotations and annotations[_MODE] != annotations[_HINTS]:
        why = f"must match annotations[{_HINTS}] when both are specified"
        faults.append(invalid(f"metadata.annotations[{_MODE}]", annotations[_MODE], why))
    if not ports and not is_headless(spec) and kind != "ExternalName":
        faults.append(required("spec.ports"))
    if kind == "ExternalName":
        _validate_external_name(spec, faults)
    elif is_headless(spec) and kind in ("LoadBalancer", "NodePort"):
        faults.append(invalid("spec.clusterIPs[0]", HEADLESS, f"may not be set to 'None' for {kind} services"))
    names: set[str] = set()
    for index, port in enumerate(ports):
        _validate_port(port, len(ports) > 1, names, f"spec.ports[{index}]", faults)
    if selector := spec.get("selector"):
        faults += validate_labels(selector, "spec.selector")
    _validate_affinity(spec, faults)
    faults += validate_addresses(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        path = f"spec.externalIPs[{index}]"
        if reasons := validate_legacy_ip(address, path):
            faults += reasons
        else:
            faults += [invalid(path, address, why) for why in routable_faults(address)]
    if kind not in _TYPES:
        faults.append(not_supported("spec.type", kind, _TYPES))
    _validate_distinct(kind, ports, faults)
    _validate_balancer(spec, annotations, faults)
    _validate_traffic(spec, faults)
    return faults


def _validate_external_name(spec: Spec, faults: Faults) -> None:
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            faults.append(forbidden("spec." + field, "may not be set for ExternalName services"))
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        faults.append(required("spec.externalName"))
    else:
        faults += [invalid("spec.externalName", name, why) for why in dns1123_subdomain_faults(name)]


def _validate_port(port: Spec, needs_name: bool, names: set[str], path: str, faults: Faults) -> None:
    if name := port.get("name"):
        faults += [invalid(path + ".name", name, why) for why in dns1123_label_faults(name)]
        if name in names:
            faults.append(duplicate(path + ".name", name))
        names.add(name)
    elif needs_name:
        faults.append(required(path + ".name"))
    number, target, protocol = port.get("port") or 0, port.get("targetPort"), port.get("protocol") or ""
    faults += [invalid(path + ".port", number, why) for why in port_number_faults(number)]
    if not protocol:
        faults.append(required(path + ".protocol"))
    elif protocol not in _PROTOCOLS:
        faults.append(not_supported(path + ".protocol", protocol, _PROTOCOLS))
    if isinstance(target, str):
        faults += [invalid(path + ".targetPort", target, why) for why in port_name_faults(target)]
    else:
        faults += [invalid(path + ".targetPort", target or 0, why) for why in port_number_faults(target or 0)]
    if (application := port.get("appProtocol")) is not None:
        faults += [invalid(path + ".appProtocol", application, why) for why in qualified_name_faults(application)]


def _validate_affinity(spec: Spec, faults: Faults) -> None:
    affinity, config, path = spec["sessionAffinity"], spec.get("sessionAffinityConfig"), "spec.sessionAffinityConfig"
    if affinity not in _AFFINITIES:
        faults.append(not_supported("spec.sessionAffinity", affinity, _AFFINITIES))
    elif affinity == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        if seconds is None:
            faults.append(required(path + ".clientIP.timeoutSeconds", "when session affinity type is ClientIP"))
        elif not 1 <= seconds <= _MOST_SECONDS:
            why = f"must be greater than 0 and less than {_MOST_SECONDS}"
            faults.append(invalid(path + ".clientIP.timeoutSeconds", seconds, why))
    elif config is not None:
        faults.append(forbidden(path, "must not be set when session affinity is None"))


def _validate_distinct(kind: str, ports: Sequence[Spec], faults: Faults) -> None:
    """No two ports claim the same number of a protocol, of the Service or of its nodes."""
    if kind == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                why = "may not be used when `type` is 'ClusterIP'"
                faults.append(forbidden(f"spec.ports[{index}].nodePort", why))
    for field in ("nodePort", "port"):
        seen: set[tuple[str, int]] = set()
        for index, port in enumerate(ports):
            protocol, number = port.get("protocol") or "", port.get(field) or 0
            if (protocol, number) in seen and (number or field == "port"):
                faults.append(_repeated(f"spec.ports[{index}]", field, protocol, number))
            seen.add((protocol, number))


def _repeated(path: str, field: str, protocol: str, number: int) -> FieldError:
    if field == "nodePort":
        return duplicate(path + ".nodePort", number)
    # Upstream shows a Go value that has nothing but these two set; its encoder writes the rest too.
    value: dict[str, Any] = {"Name": "", "Protocol": protocol, "AppProtocol": None, "Port": number}
    return duplicate(path, {**value, "TargetPort": 0, "NodePort": 0})


def _validate_balancer(spec: Spec, annotations: dict[str, str], faults: Faults) -> None:
    is_balancer = spec["type"] == "LoadBalancer"
    if ranges := spec.get("loadBalancerSourceRanges"):
        path = "spec.LoadBalancerSourceRanges"
        if not is_balancer:
            faults.append(forbidden(path, _BALANCER_ONLY))
        for index, text in enumerate(ranges):
            faults += validate_legacy_cidr(text.strip(), f"{path}[{index}]")
    elif (listed := annotations.get(_RANGES)) is not None:
        path = f"metadata.annotations[{_RANGES}]"
        if not is_balancer:
            faults.append(forbidden(path, _BALANCER_ONLY))
        for text in listed.strip().split(",") if listed.strip() else ():
            faults += validate_legacy_cidr(text.strip(), path)
    if spec.get("allocateLoadBalancerNodePorts") is not None and not is_balancer:
        faults.append(forbidden("spec.allocateLoadBalancerNodePorts", _BALANCER_ONLY))
    balancer = spec.get("loadBalancerClass")
    if balancer is not None:
        if is_balancer:
            faults += [invalid("spec.loadBalancerClass", balancer, why) for why in qualified_name_faults(balancer)]
        else:
            faults.append(forbidden("spec.loadBalancerClass", _BALANCER_ONLY))


def _validate_traffic(spec: Spec, faults: Faults) -> None:
    external, internal = spec.get("externalTrafficPolicy"), spec.get("internalTrafficPolicy")
    if not is_externally_accessible(spec):
        if external:
            why = "may only be set for externally-accessible services"
            faults.append(invalid("spec.externalTrafficPolicy", external, why))
    elif external not in _POLICIES:
        faults.append(not_supported("spec.externalTrafficPolicy", external or "", _POLICIES))
    port = spec.get("healthCheckNodePort") or 0
    if not needs_health_check(spec):
        if port:
            why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            faults.append(invalid("spec.healthCheckNodePort", port, why))
    elif not port:
        faults.append(required("spec.healthCheckNodePort"))
    else:
        faults += [invalid("spec.healthCheckNodePort", port, why) for why in port_number_faults(port)]
    if internal is not None and internal not in _POLICIES:
        faults.append(not_supported("spec.internalTrafficPolicy", internal, _POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        faults.append(not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))
