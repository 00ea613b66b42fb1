"""Services as kubectl makes and changes them: what they are given, and what they keep."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.cluster import Cluster
from tests.e2e.pods import until

WEB = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""

Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(api: Cluster, namespace: str) -> Kubectl:
    def run(*words: str, stdin: str | None = None) -> str:
        return api.kubectl("-n", namespace, *words, stdin=stdin)

    return run


def spec_of(kubectl: Kubectl, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(kubectl("get", "service", name, "-o", "json"))["spec"]
    return spec


def test_every_type_can_be_made(kubectl: Kubectl) -> None:
    kubectl("create", "service", "clusterip", "inner", "--tcp=80:8080")
    kubectl("create", "service", "clusterip", "headless", "--clusterip=None")
    kubectl("create", "service", "nodeport", "outer", "--tcp=80:8080")
    kubectl("create", "service", "loadbalancer", "balanced", "--tcp=80:8080")
    kubectl("create", "service", "externalname", "away", "--external-name=example.com")
    rows = {row.split()[0]: row.split()[1:5] for row in kubectl("get", "services", "--no-headers").splitlines()}
    assert rows["inner"] == ["ClusterIP", spec_of(kubectl, "inner")["clusterIP"], "<none>", "80/TCP"]
    assert rows["headless"] == ["ClusterIP", "None", "<none>", "<none>"]
    port = spec_of(kubectl, "outer")["ports"][0]["nodePort"]
    assert rows["outer"] == ["NodePort", spec_of(kubectl, "outer")["clusterIP"], "<none>", f"80:{port}/TCP"]
    assert rows["balanced"][2] == "<pending>"
    assert rows["away"] == ["ExternalName", "<none>", "example.com", "<none>"]


def test_what_is_exposed_gets_an_address(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1", "--replicas=0")
    kubectl("expose", "deployment", "web", "--port=80", "--type=NodePort")
    spec = spec_of(kubectl, "web")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert 30000 <= spec["ports"][0]["nodePort"] <= 32767


def test_applying_again_keeps_what_was_given(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    first = spec_of(kubectl, "web")
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("apply", "-f", "-", stdin=WEB.replace("port: 80", "port: 81"))
    kubectl("replace", "-f", "-", stdin=WEB)
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=WEB)
    assert spec_of(kubectl, "web")["clusterIPs"] == first["clusterIPs"]


def test_types_may_change_to_and_fro(kubectl: Kubectl) -> None:
    kubectl("create", "service", "clusterip", "web", "--tcp=80")
    address = spec_of(kubectl, "web")["clusterIP"]
    kubectl("patch", "service", "web", "-p", '{"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}}')
    spec = spec_of(kubectl, "web")
    assert spec["clusterIP"] == address
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    kubectl("patch", "service", "web", "-p", '{"spec": {"type": "ClusterIP"}}')
    spec = spec_of(kubectl, "web")
    assert spec["clusterIP"] == address
    assert "nodePort" not in spec["ports"][0]
    assert not {"healthCheckNodePort", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"} & spec.keys()
    kubectl("patch", "service", "web", "-p", '{"spec": {"type": "ExternalName", "externalName": "example.com"}}')
    assert "clusterIP" not in spec_of(kubectl, "web")
    kubectl("patch", "service", "web", "-p", '{"spec": {"type": "ClusterIP"}}')
    assert spec_of(kubectl, "web")["clusterIP"]


def test_an_address_cannot_be_had_twice_nor_changed(api: Cluster, namespace: str, kubectl: Kubectl) -> None:
    kubectl("create", "service", "clusterip", "one", "--tcp=80")
    address = spec_of(kubectl, "one")["clusterIP"]
    refused = api.failure("-n", namespace, "create", "service", "clusterip", "two", "--tcp=80", "--clusterip", address)
    assert f'spec.clusterIPs: Invalid value: ["{address}"]: failed to allocate IP {address}' in refused
    assert "provided IP is already allocated" in refused
    patch = '{"spec": {"clusterIP": "10.43.7.7"}}'
    assert "may not change once set" in api.failure("-n", namespace, "patch", "service", "one", "-p", patch)


def test_addresses_can_be_looked_up(api: Cluster, namespace: str, kubectl: Kubectl) -> None:
    kubectl("create", "service", "clusterip", "web", "--tcp=80")
    address = spec_of(kubectl, "web")["clusterIP"]
    until(lambda: address in api.kubectl("get", "ipaddresses", "--no-headers"))
    row = api.kubectl("get", "ipaddress", address, "--no-headers").split()
    assert row[:2] == [address, f"services/{namespace}/web"]
    kubectl("delete", "service", "web")
    until(lambda: address not in api.kubectl("get", "ipaddresses", "--no-headers"))
    assert "kubernetes" in api.kubectl("get", "servicecidrs")
