from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.quotaspec.podusage import unsaid
from wherry.api.core.quotaspec.usage import kinds_of, usage_of
from wherry.lib.clock import format_time

NOW = 1_700_000_000.0


def obj(spec: Obj, status: Obj | None = None, **metadata: Any) -> Obj:
    return {"metadata": {"name": "x", **metadata}, "spec": spec, "status": status or {}}


def container(name: str = "c", requests: Obj | None = None, limits: Obj | None = None, **more: Any) -> Obj:
    return {"name": name, "resources": {"requests": requests or {}, "limits": limits or {}}, **more}


NAMES = [
    ("pods", "pods"),
    ("cpu", "pods"),
    ("limits.ephemeral-storage", "pods"),
    ("requests.nvidia.com/gpu", "pods resourceclaims.resource.k8s.io"),
    ("hugepages-2Mi", "pods"),
    ("requests.hugepages-2Mi", "pods"),
    ("requests.storage", "persistentvolumeclaims"),
    ("gold.storageclass.storage.k8s.io/requests.storage", "persistentvolumeclaims"),
    ("gpu.deviceclass.resource.k8s.io/devices", "resourceclaims.resource.k8s.io"),
    ("requests.deviceclass.resource.kubernetes.io/gpu", "pods resourceclaims.resource.k8s.io"),
    ("services.nodeports", "services"),
    ("secrets", "secrets"),
    ("count/deployments.apps", "deployments.apps"),
    ("count/events", ""),
    ("nvidia.com/gpu", ""),
]


@pytest.mark.parametrize(("name", "kinds"), NAMES, ids=[name for name, _ in NAMES])
def test_what_a_name_counts(name: str, kinds: str) -> None:
    assert " ".join(kinds_of(name)) == kinds


USES = [
    pytest.param(
        "pods",
        obj({"containers": [container(requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "1"})] * 2}),
        {"pods": "1", "cpu": "1", "requests.cpu": "1", "limits.cpu": "2", "memory": "2Gi", "requests.memory": "2Gi"},
        id="containers are added up",
    ),
    pytest.param(
        "pods",
        obj(
            {
                "containers": [container(requests={"cpu": "1"})],
                "initContainers": [
                    container(requests={"cpu": "1"}, restartPolicy="Always"),
                    container(requests={"cpu": "3"}),
                ],
                "overhead": {"cpu": "100m"},
            }
        ),
        {"cpu": "4100m"},
        id="the greediest moment of the start, sidecars included",
    ),
    pytest.param(
        "pods",
        obj({"containers": [container(requests={"cpu": "1"})], "resources": {"requests": {"cpu": "5"}}}),
        {"cpu": "5"},
        id="the whole pod's word counts more",
    ),
    pytest.param(
        "pods",
        obj({"containers": [container(requests={"x.io/gpu": "2", "hugepages-2Mi": "4Mi"})]}),
        {"requests.x.io/gpu": "2", "hugepages-2Mi": "4Mi", "requests.hugepages-2Mi": "4Mi"},
        id="devices and huge pages",
    ),
    pytest.param("services", obj({"type": "NodePort", "ports": [{}, {}]}), {"services.nodeports": "2"}, id="ports"),
    pytest.param(
        "services",
        obj({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"nodePort": 1}, {}]}),
        {"services": "1", "services.loadbalancers": "1", "services.nodeports": "1"},
        id="a balancer that wants no ports",
    ),
    pytest.param(
        "persistentvolumeclaims",
        obj(
            {"resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "gold"},
            {"allocatedResources": {"storage": "2Gi"}},
        ),
        {
            "persistentvolumeclaims": "1",
            "requests.storage": "2Gi",
            "gold.storageclass.storage.k8s.io/requests.storage": "2Gi",
            "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        },
        id="a claim that grows, and its class",
    ),
    pytest.param("secrets", obj({}), {"secrets": "1", "count/secrets": "1"}, id="two names for one thing"),
    pytest.param(
        "resourceclaims.resource.k8s.io",
        obj(
            {
                "devices": {
                    "requests": [
                        {"exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}},
                        {"exactly": {"deviceClassName": "nic", "allocationMode": "All"}},
                        {
                            "firstAvailable": [
                                {"deviceClassName": "gpu", "count": 1},
                                {"deviceClassName": "gpu", "count": 3},
                            ]
                        },
                    ]
                }
            }
        ),
        {
            "gpu.deviceclass.resource.k8s.io/devices": "5",
            "nic.deviceclass.resource.k8s.io/devices": "32",
            "requests.deviceclass.resource.kubernetes.io/gpu": "5",
            "requests.deviceclass.resource.kubernetes.io/nic": "32",
        },
        id="devices by class",
    ),
    pytest.param(
        "pods",
        obj({"containers": [container(requests={"deviceclass.resource.kubernetes.io/gpu": "2"})]}),
        {"requests.deviceclass.resource.kubernetes.io/gpu": "2"},
        id="devices of a Pod by class",
    ),
]


@pytest.mark.parametrize(("kind", "thing", "uses"), USES)
def test_usage(kind: str, thing: Obj, uses: dict[str, str]) -> None:
    found = {name: str(amount) for name, amount in usage_of(kind, thing, NOW).items()}
    assert uses.items() <= found.items()
    assert found[f"count/{kind}"] == "1"


ENDED = [
    pytest.param({"phase": "Failed"}, {}, False, id="failed"),
    pytest.param({"phase": "Running"}, {"deletionTimestamp": format_time(NOW - 5)}, True, id="going"),
    pytest.param(
        {}, {"deletionTimestamp": format_time(NOW - 31), "deletionGracePeriodSeconds": 30}, False, id="overdue"
    ),
    pytest.param({}, {"deletionTimestamp": format_time(NOW), "deletionGracePeriodSeconds": 30}, True, id="not yet"),
]


@pytest.mark.parametrize(("status", "metadata", "is_charged"), ENDED)
def test_pods_that_have_ended_are_only_objects(status: Obj, metadata: Obj, is_charged: bool) -> None:
    pod = obj({"containers": [container(requests={"cpu": "1"})]}, status, **metadata)
    assert ("pods" in usage_of("pods", pod, NOW)) is is_charged


def test_a_quota_on_compute_makes_every_container_say_what_it_needs() -> None:
    pod = obj(
        {"containers": [container("b"), container("a", requests={"cpu": "1"})], "initContainers": [container("i")]}
    )
    assert (
        unsaid({"pods", "limits.cpu", "requests.cpu"}, pod)
        == "must specify limits.cpu for: a,b,i; requests.cpu for: b,i"
    )
    assert unsaid({"pods", "requests.ephemeral-storage"}, pod) == ""
    pod["spec"]["resources"] = {"limits": {"cpu": "1"}}
    assert unsaid({"limits.cpu"}, pod) == ""


def test_devices_count_for_the_resource_that_stands_for_their_class() -> None:
    requests = [{"exactly": {"deviceClassName": name, "allocationMode": "ExactCount", "count": 2}} for name in "ab"]
    claim = obj({"devices": {"requests": requests}})
    found = usage_of("resourceclaims.resource.k8s.io", claim, NOW, {"a": "example.com/gpu", "b": ""}.__getitem__)
    assert str(found["requests.example.com/gpu"]) == "2"
    assert "requests." not in found


def test_what_a_claim_was_made_for_counts_once() -> None:
    requests = [{"exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}}]
    note = {"resource.kubernetes.io/extended-resource-claim": "true"}
    found = usage_of("resourceclaims.resource.k8s.io", obj({"devices": {"requests": requests}}, annotations=note), NOW)
    assert set(found) == {"count/resourceclaims.resource.k8s.io", "gpu.deviceclass.resource.k8s.io/devices"}
