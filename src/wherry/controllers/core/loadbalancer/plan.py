"""What of Services and nodes matters to load balancers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wherry.api.types.core_v1 import Node, Service

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"


def is_wanted(service: Service) -> bool:
    """Whether it is ours to make one: a class names another implementation."""
    return service.spec.type == "LoadBalancer" and service.spec.load_balancer_class is None


def needs_cleanup(service: Service) -> bool:
    """Whether there may be a balancer that is wanted no more."""
    is_over = service.metadata.deletion_timestamp is not None or not is_wanted(service)
    return FINALIZER in service.metadata.finalizers and is_over


def facts(service: Service) -> tuple[Any, ...]:
    """All of a Service that its balancer depends on."""
    spec = service.spec
    return (
        service.metadata.uid,
        dict(service.metadata.annotations),
        [(port.name, port.protocol, port.port, port.node_port, port.target_port) for port in spec.ports],
        spec.session_affinity,
        spec.session_affinity_config,
        spec.load_balancer_ip,
        spec.load_balancer_source_ranges,
        spec.external_ips,
        spec.external_traffic_policy,
        spec.health_check_node_port,
        spec.ip_families,
    )


def eligible(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that a balancer sends to, by name."""
    return sorted((node for node in nodes if _is_eligible(node)), key=lambda node: node.metadata.name)


def _is_eligible(node: Node) -> bool:
    if EXCLUDED in node.metadata.labels or node.metadata.deletion_timestamp is not None:
        return False
    if any(taint.key == TO_BE_DELETED for taint in node.spec.taints):
        return False
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)
