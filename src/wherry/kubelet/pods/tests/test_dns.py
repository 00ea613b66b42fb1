"""resolv.conf, host names and /etc/hosts."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.kubelet.pods.dns import (
    ClusterDns,
    full_hostname,
    host_network_hosts_file,
    hosts_file,
    parse_resolv_conf,
    pod_dns,
)
from wherry.kubelet.pods.tests.cases import make_pod
from wherry.kubelet.runtime.model import DnsConfig

CLUSTER = ClusterDns(("10.43.0.10",), "cluster.local")
HOST = DnsConfig(("9.9.9.9",), ("corp.example",), ("ndots:1",))
IN_CLUSTER = DnsConfig(
    ("10.43.0.10",),
    ("default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"),
    ("ndots:5",),
)


def test_reads_resolv_conf() -> None:
    text = "# head\nnameserver 1.1.1.1 # one\nsearch a b\noptions ndots:2 rotate\nnameserver ::1\n"
    assert parse_resolv_conf(text) == DnsConfig(("1.1.1.1", "::1"), ("a", "b"), ("ndots:2", "rotate"))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, IN_CLUSTER),
        ({"dnsPolicy": "Default"}, HOST),
        ({"hostNetwork": True}, HOST),
        ({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}, IN_CLUSTER),
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["8.8.8.8"]}}, DnsConfig(("8.8.8.8",))),
        (
            {
                "dnsPolicy": "Default",
                "dnsConfig": {
                    "nameservers": ["9.9.9.9", "8.8.8.8"],
                    "searches": ["x"],
                    "options": [{"name": "ndots", "value": "3"}, {"name": "rotate"}],
                },
            },
            DnsConfig(("9.9.9.9", "8.8.8.8"), ("corp.example", "x"), ("ndots:3", "rotate")),
        ),
    ],
    ids=["ClusterFirst", "Default", "host network", "ClusterFirstWithHostNet", "None", "dnsConfig"],
)
def test_policies(spec: dict[str, Any], expected: DnsConfig) -> None:
    assert pod_dns(make_pod(spec), CLUSTER, HOST) == expected


def test_without_cluster_dns_the_hosts_is_used() -> None:
    assert pod_dns(make_pod(), ClusterDns(), HOST) == HOST


def test_names() -> None:
    assert full_hostname(make_pod(), CLUSTER) == ("web", "")
    spec = {"hostname": "a", "subdomain": "db"}
    assert full_hostname(make_pod(spec), CLUSTER) == ("a", "db.default.svc.cluster.local")
    long = make_pod(metadata={"name": "x" * 62 + "-y"})
    assert full_hostname(long, CLUSTER)[0] == "x" * 62


def test_hosts_files() -> None:
    spec = {"hostname": "a", "subdomain": "db", "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["x", "y"]}]}
    lines = hosts_file(make_pod(spec), ["10.0.0.2"], CLUSTER).splitlines()
    assert lines[0] == "# Kubernetes-managed hosts file."
    assert "10.0.0.2\ta.db.default.svc.cluster.local\ta" in lines
    assert lines[-2:] == ["# Entries added by HostAliases.", "1.2.3.4\tx\ty"]
    own = host_network_hosts_file(make_pod(), "127.0.0.1 localhost\n")
    assert own.splitlines() == ["# Kubernetes-managed hosts file (host network).", "127.0.0.1 localhost"]
