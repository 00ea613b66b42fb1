from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Service
from wherry.api.types.decoding import convert
from wherry.controllers.core.loadbalancer.plan import change


def service(type: str = "LoadBalancer", **spec: Any) -> Service:
    return convert(Service, {"metadata": {"name": "web", "uid": "u"}, "spec": {"type": type, **spec}})


CHANGES = [
    pytest.param(service("ClusterIP"), service(), ("Type", "ClusterIP -> LoadBalancer"), id="wanted"),
    pytest.param(service(), service("NodePort"), ("Type", "LoadBalancer -> NodePort"), id="wanted no more"),
    pytest.param(service("ClusterIP"), service("NodePort"), None, id="none of ours"),
    pytest.param(
        service(loadBalancerSourceRanges=["10.0.0.0/8"]),
        service(loadBalancerSourceRanges=["10.0.0.0/8", "192.0.2.0/24"]),
        ("LoadBalancerSourceRanges", "[10.0.0.0/8] -> [10.0.0.0/8 192.0.2.0/24]"),
        id="from where",
    ),
    pytest.param(service(), service(loadBalancerIP="192.0.2.1"), ("LoadbalancerIP", " -> 192.0.2.1"), id="address"),
    pytest.param(
        service(), service(externalIPs=["192.0.2.1"]), ("ExternalIP", "Count: 0 -> 1"), id="another external address"
    ),
    pytest.param(
        service(externalIPs=["192.0.2.1"]),
        service(externalIPs=["192.0.2.2"]),
        ("ExternalIP", "Added: 192.0.2.2"),
        id="instead of one",
    ),
    pytest.param(
        service(externalTrafficPolicy="Cluster"),
        service(externalTrafficPolicy="Local", healthCheckNodePort=30000),
        ("ExternalTrafficPolicy", "Cluster -> Local"),
        id="the first difference is told",
    ),
    pytest.param(
        service(healthCheckNodePort=30000),
        service(healthCheckNodePort=30001),
        ("HealthCheckNodePort", "30000 -> 30001"),
        id="where health is asked for",
    ),
    pytest.param(
        service(ipFamilies=["IPv4"]),
        service(ipFamilies=["IPv4", "IPv6"]),
        ("IPFamilies", "Count: 1 -> 2"),
        id="families",
    ),
    pytest.param(service(ports=[{"port": 80}]), service(ports=[{"port": 81}]), None, id="ports change silently"),
]


@pytest.mark.parametrize(("old", "new", "said"), CHANGES)
def test_what_is_told_of_a_change(old: Service, new: Service, said: tuple[str, str] | None) -> None:
    note = change(old, new)
    assert (None if note is None else (note.reason, note.message)) == said
