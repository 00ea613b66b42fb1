"""Which of the fields that are given out a Service has a use for. `spec` is always one that has its defaults."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

HEADLESS = "None"
SINGLE, PREFERRED, REQUIRED = "SingleStack", "PreferDualStack", "RequireDualStack"
IPV4, IPV6 = "IPv4", "IPv6"
EXTERNAL_TYPES = ("LoadBalancer", "NodePort")


def is_headless(spec: Spec) -> bool:
    """Whether clients are to find the pods themselves, by DNS."""
    return spec.get("clusterIPs") == [HEADLESS]


def needs_cluster_ip(spec: Spec) -> bool:
    """Whether it has an address, or the word that it wants none."""
    return spec.get("type") != "ExternalName"


def needs_node_port(spec: Spec) -> bool:
    return spec.get("type") in EXTERNAL_TYPES


def needs_health_check(spec: Spec) -> bool:
    """Whether load balancers have to ask nodes, on a port of their own, if they have pods of the Service."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_externally_accessible(spec: Spec) -> bool:
    return needs_node_port(spec) or (spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs")))


def gives_out_node_ports(spec: Spec) -> bool:
    """Whether ports that name no node port get one."""
    if spec.get("type") == "LoadBalancer":
        return bool(spec.get("allocateLoadBalancerNodePorts", True))
    return spec.get("type") == "NodePort"


def node_ports(spec: Spec) -> list[int]:
    """Those it names, in the order of its ports."""
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def family_of(address: str) -> str:
    return IPV6 if ":" in address else IPV4


def other_family(family: str) -> str:
    return IPV4 if family == IPV6 else IPV6
