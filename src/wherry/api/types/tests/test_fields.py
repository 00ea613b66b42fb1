from __future__ import annotations

import pytest

from wherry.api.types.fields import is_viewed, module_name, snake_case


@pytest.mark.parametrize(
    ("json_name", "attribute"),
    [
        ("name", "name"),
        ("podIP", "pod_ip"),
        ("podIPs", "pod_ips"),
        ("clusterIPs", "cluster_ips"),
        ("externalIPs", "external_ips"),
        ("podCIDRs", "pod_cidrs"),
        ("nonResourceURLs", "non_resource_urls"),
        ("hostIPC", "host_ipc"),
        ("setHostnameAsFQDN", "set_hostname_as_fqdn"),
        ("awsElasticBlockStore", "aws_elastic_block_store"),
        ("serviceAccountUID", "service_account_uid"),
        ("continue", "continue_"),
        ("not", "not_"),
        ("$ref", "ref"),
        ("Port", "port"),
        ("x-kubernetes-int-or-string", "x_kubernetes_int_or_string"),
    ],
)
def test_snake_case(json_name: str, attribute: str) -> None:
    assert snake_case(json_name) == attribute


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("core.v1.Pod", True),
        ("core.v1.PodList", False),
        ("meta.v1.ObjectMeta", True),
        ("resource.v1beta2.Device", False),
        ("version.Info", False),
    ],
)
def test_what_has_a_view(name: str, expected: bool) -> None:
    assert is_viewed(name) is expected


def test_modules_are_named_by_group_and_version() -> None:
    assert module_name("autoscaling.v2.MetricSpec") == "autoscaling_v2"
