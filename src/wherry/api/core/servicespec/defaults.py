"""What is filled into a Service, what it keeps without saying so, and what it loses when its type changes.

People apply a manifest without addresses again and again, and change the type in it: what was given out is kept as long
as the new type has a use for it, and is taken away when it has none and the writer did not insist.
"""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.core.servicespec.needs import (
    HEADLESS,
    Spec,
    is_externally_accessible,
    needs_cluster_ip,
    needs_health_check,
    needs_node_port,
    node_ports,
)

_AFFINITY_SECONDS = 10800


def set_defaults(service: Obj) -> None:
    """What holds whatever the cluster is like."""
    spec = service.setdefault("spec", {})
    affinity = spec.setdefault("sessionAffinity", "None")
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        config = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        config.setdefault("timeoutSeconds", _AFFINITY_SECONDS)
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port") or 0
    if is_externally_accessible(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    for point in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        if point.get("ip"):
            point.setdefault("ipMode", "VIP")


def prepare_create(service: Obj) -> None:
    """A new Service has no load balancer yet."""
    service["status"] = {"loadBalancer": {}}
    complete_addresses(service["spec"], None)


def complete_addresses(spec: Spec, before: Spec | None) -> None:
    """Bring `clusterIP` and `clusterIPs` in step: old clients know the one, new ones both."""
    address, addresses = spec.get("clusterIP"), spec.get("clusterIPs")
    if before is None:
        if address and not addresses:
            spec["clusterIPs"] = [address]
        return
    previous = before.get("clusterIP")
    if before.get("clusterIPs") and not addresses and address == previous:
        spec["clusterIPs"] = list(before["clusterIPs"])
    if address != previous and _same(spec, before, "clusterIPs"):
        if address:
            spec["clusterIPs"] = [address]
        elif previous:
            spec.pop("clusterIPs", None)


def keep_allocated(spec: Spec, before: Spec) -> None:
    """Fill in what was given out earlier and the writer left out."""
    if needs_cluster_ip(spec) and needs_cluster_ip(before):
        for field in ("clusterIP", "clusterIPs"):
            if not spec.get(field) and before.get(field):
                spec[field] = before[field] if field == "clusterIP" else list(before[field])
    if needs_node_port(spec) and needs_node_port(before):
        _keep_node_ports(spec, before)
    if needs_health_check(spec) and needs_health_check(before) and not spec.get("healthCheckNodePort"):
        _keep(spec, before, "healthCheckNodePort")


def _keep_node_ports(spec: Spec, before: Spec) -> None:
    """A port keeps the node port of the old port of its name, unless another claims it."""
    claimed = set(node_ports(spec)) & set(node_ports(before))
    known = {port.get("name") or "": port.get("nodePort") or 0 for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        number = known.get(port.get("name") or "")
        if number and not port.get("nodePort") and number not in claimed:
            port["nodePort"] = number


def prepare_update(new: Obj, old: Obj) -> None:
    """Take away what the new type has no use for, where the writer did not change it."""
    spec, before = new["spec"], old["spec"]
    if needs_cluster_ip(before) and not needs_cluster_ip(spec):
        if _same(spec, before, "clusterIP") and _same(spec, before, "clusterIPs"):
            _drop(spec, "clusterIP", "clusterIPs")
        _drop_if_same(spec, before, "ipFamilies")
        _drop_if_same(spec, before, "ipFamilyPolicy")
    if needs_node_port(before) and not needs_node_port(spec) and not set(node_ports(spec)) - set(node_ports(before)):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if needs_health_check(before) and not needs_health_check(spec):
        _drop_if_same(spec, before, "healthCheckNodePort")
    if before.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        _drop_if_same(spec, before, "allocateLoadBalancerNodePorts")
        _drop_if_same(spec, before, "loadBalancerClass")
    if is_externally_accessible(before) and not is_externally_accessible(spec):
        _drop_if_same(spec, before, "externalTrafficPolicy")
    if spec.get("type") == "ExternalName":
        spec.pop("internalTrafficPolicy", None)
    if spec.get("type") != "LoadBalancer" and (status := new.get("status")):
        new["status"] = {**status, "loadBalancer": {}}


def _same(spec: Spec, before: Spec, field: str) -> bool:
    return (spec.get(field) or None) == (before.get(field) or None)


def _keep(spec: Spec, before: Spec, field: str) -> None:
    if field in before:
        spec[field] = before[field]


def _drop(spec: Spec, *fields: str) -> None:
    for field in fields:
        spec.pop(field, None)


def _drop_if_same(spec: Spec, before: Spec, field: str) -> None:
    if _same(spec, before, field):
        spec.pop(field, None)


def wants_no_address(spec: Spec) -> bool:
    """Whether nothing has to be given out: it is a name elsewhere, or headless."""
    addresses: list[Any] = spec.get("clusterIPs") or []
    return not needs_cluster_ip(spec) or addresses[:1] == [HEADLESS]
