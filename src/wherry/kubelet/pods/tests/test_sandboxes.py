"""Sandboxes as pods ask for them."""

from __future__ import annotations

from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.sandboxes import SandboxPlace, sandbox_config
from wherry.kubelet.pods.tests.cases import make_pod
from wherry.kubelet.runtime.model import DnsConfig, NamespaceMode, PortMapping

PLACE = SandboxPlace("/logs", "/kubepods/podu-1", DnsConfig(("1.1.1.1",)))


def test_a_pod_of_the_pod_network() -> None:
    spec = {
        "subdomain": "db",
        "setHostnameAsFQDN": True,
        "securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "9"}]},
        "containers": [
            {
                "name": "app",
                "ports": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 53, "protocol": "UDP"}],
            }
        ],
    }
    made = sandbox_config(make_pod(spec), 1, PLACE, NodeView("n1"))
    assert made.hostname == "web.db.default.svc.cluster.local"
    assert made.ports == (PortMapping(80, 8080), PortMapping(53, 0, "UDP"))
    assert made.sysctls == {"net.core.somaxconn": "9"}
    assert (made.attempt, made.cgroup_parent, made.log_directory) == (1, "/kubepods/podu-1", "/logs")
    assert made.labels["io.kubernetes.pod.uid"] == "u-1"
    assert not made.privileged


def test_a_pod_of_the_hosts_network_has_neither_name_nor_ports_of_its_own() -> None:
    spec = {
        "hostNetwork": True,
        "containers": [
            {"name": "app", "ports": [{"containerPort": 80, "hostPort": 80}], "securityContext": {"privileged": True}}
        ],
    }
    made = sandbox_config(make_pod(spec), 0, PLACE, NodeView("n1"))
    assert (made.hostname, made.ports, made.privileged) == ("", (), True)
    assert made.namespaces.network is NamespaceMode.NODE
