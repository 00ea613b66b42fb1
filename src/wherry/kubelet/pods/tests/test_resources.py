"""Requests and limits as the kernel's knobs."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.kubelet.pods.resources import (
    container_resources,
    cpu_quota,
    cpu_shares,
    oom_score,
    pod_requests,
    pod_resources,
    qos_class,
)
from wherry.kubelet.pods.tests.cases import make_pod

GIB = 1 << 30


def _container(
    cpu: str = "", memory: str = "", cpu_limit: str = "", memory_limit: str = "", **more: Any
) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    limits = {key: value for key, value in (("cpu", cpu_limit), ("memory", memory_limit)) if value}
    return {"name": "app", "resources": {"requests": requests, "limits": limits}, **more}


@pytest.mark.parametrize(
    ("container", "quality"),
    [
        (_container(), "BestEffort"),
        (_container(cpu="0"), "BestEffort"),
        (_container(cpu="100m"), "Burstable"),
        (_container(memory_limit="1Gi"), "Burstable"),
        (_container("1", "1Gi", "1", "1Gi"), "Guaranteed"),
        (_container("", "", "1000m", "1Gi"), "Guaranteed"),
        (_container("500m", "1Gi", "1", "1Gi"), "Burstable"),
    ],
)
def test_quality_of_service(container: dict[str, Any], quality: str) -> None:
    assert qos_class(make_pod({"containers": [container]})) == quality


def test_shares_and_quota() -> None:
    assert [cpu_shares(each) for each in (0, 1, 1000, 10**9)] == [2, 2, 1024, 262144]
    assert [cpu_quota(each) for each in (0, 5, 100, 1500)] == [0, 1000, 10_000, 150_000]


def test_a_limit_stands_in_for_a_request() -> None:
    pod = make_pod({"containers": [_container(cpu_limit="500m", memory_limit="64Mi")]})
    made = container_resources(pod, pod.spec.containers[0], GIB)
    assert (made.cpu_shares, made.cpu_quota, made.memory_limit) == (512, 50_000, 64 << 20)


def test_who_dies_first() -> None:
    def score(container: dict[str, Any], **spec: Any) -> int:
        pod = make_pod({"containers": [container], **spec})
        return oom_score(pod, pod.spec.containers[0], GIB)

    assert score(_container()) == 1000
    assert score(_container("1", "1Gi", "1", "1Gi")) == -997
    assert score(_container(memory="512Mi")) == 500
    assert score(_container(cpu="1")) == 999
    assert score(_container(), priorityClassName="system-node-critical") == -997


def test_a_pod_takes_the_larger_of_its_init_and_its_app_containers() -> None:
    spec = {
        "initContainers": [
            {**_container(cpu="100m"), "name": "side", "restartPolicy": "Always"},
            {**_container(cpu="700m"), "name": "init"},
        ],
        "containers": [_container(cpu="200m", memory="1Gi")],
        "overhead": {"cpu": "10m"},
    }
    assert pod_requests(make_pod(spec)) == {"cpu": 810, "memory": GIB}


def test_a_pod_is_limited_only_when_all_its_containers_are() -> None:
    limited = _container("100m", "", "200m", "64Mi")
    both = make_pod({"containers": [limited, {**limited, "name": "b"}]})
    made = pod_resources(both)
    assert (made.cpu_shares, made.cpu_quota, made.memory_limit) == (204, 40_000, 128 << 20)
    one = make_pod({"containers": [limited, {**_container(), "name": "b"}]})
    assert (pod_resources(one).cpu_quota, pod_resources(one).memory_limit) == (0, 0)
