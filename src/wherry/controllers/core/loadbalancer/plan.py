"""What of Services and nodes matters to load balancers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wherry.api.types.core_v1 import Node, Service
from wherry.controllers.notes import Note

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


def change(old: Service, new: Service) -> Note | None:
    """What is told of a change: the first of these that makes a difference to the balancer."""
    before, now = old.spec, new.spec
    if is_wanted(old) != is_wanted(new):
        return _note("Type", before.type, now.type)
    if not is_wanted(new):
        return None
    if before.load_balancer_source_ranges != now.load_balancer_source_ranges:
        ranges = [
            f"[{' '.join(each)}]" for each in (before.load_balancer_source_ranges, now.load_balancer_source_ranges)
        ]
        return _note("LoadBalancerSourceRanges", *ranges)
    if before.load_balancer_ip != now.load_balancer_ip:
        return _note("LoadbalancerIP", before.load_balancer_ip or "", now.load_balancer_ip or "")
    if len(before.external_ips) != len(now.external_ips):
        return _note("ExternalIP", f"Count: {len(before.external_ips)}", len(now.external_ips))
    for was, becomes in zip(before.external_ips, now.external_ips, strict=True):
        if was != becomes:
            return Note("Normal", "ExternalIP", f"Added: {becomes}")
    if before.external_traffic_policy != now.external_traffic_policy:
        return _note("ExternalTrafficPolicy", before.external_traffic_policy or "", now.external_traffic_policy or "")
    if before.health_check_node_port != now.health_check_node_port:
        return _note("HealthCheckNodePort", before.health_check_node_port or 0, now.health_check_node_port or 0)
    if len(before.ip_families) != len(now.ip_families):
        return _note("IPFamilies", f"Count: {len(before.ip_families)}", len(now.ip_families))
    return None


def _note(reason: str, before: object, now: object) -> Note:
    return Note("Normal", reason, f"{before} -> {now}")


def eligible(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that a balancer sends to, by name."""
    return sorted((node for node in nodes if _is_eligible(node)), key=lambda node: node.metadata.name)


def _is_eligible(node: Node) -> bool:
    if EXCLUDED in node.metadata.labels or node.metadata.deletion_timestamp is not None:
        return False
    if any(taint.key == TO_BE_DELETED for taint in node.spec.taints):
        return False
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)
