"""What is granted, what waits, and what is told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod, ResourceRequirements
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.resizing import (
    Refusal,
    asked,
    conditions,
    is_under_way,
    must_restart,
    refusal,
    remembered,
    resizable,
    summary,
    with_resources,
)
from wherry.kubelet.pods.tests.cases import make_pod

NODE = NodeView("n1", allocatable={"cpu": "2", "memory": "1Gi"}, max_pods=9)


def sized(cpu: str, **more: Any) -> Pod:
    app = {"name": "app", "resources": {"requests": {"cpu": cpu}, "claims": [{"name": "gpu"}]}, **more}
    side = {"name": "side", "restartPolicy": "Always"}
    return make_pod({"containers": [app], "initContainers": [{"name": "first"}, side]})


def amount(cpu: str) -> ResourceRequirements:
    return ResourceRequirements(requests={"cpu": cpu})


def test_app_containers_and_sidecars_may_be_resized() -> None:
    assert [each.name for each in resizable(sized("1"))] == ["app", "side"]


def test_a_pod_keeps_what_it_was_granted() -> None:
    pod = sized("1")
    assert with_resources(pod, {"app": amount("1")}) is pod
    granted = with_resources(pod, {"app": amount("500m")})
    assert asked(granted)["app"] == amount("500m")
    resources = granted.spec.containers[0].resources
    assert resources is not None
    assert [each.name for each in resources.claims] == ["gpu"]


@pytest.mark.parametrize(
    ("cpu", "other", "expected"),
    [
        pytest.param("1", "1", None, id="fits"),
        pytest.param(
            "3",
            "1",
            Refusal("Infeasible", "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000"),
            id="never-fits",
        ),
        pytest.param(
            "1500m",
            "1",
            Refusal("Deferred", "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000"),
            id="not-beside-the-other",
        ),
    ],
)
def test_what_the_node_cannot_give(cpu: str, other: str, expected: Refusal | None) -> None:
    beside = make_pod(
        {"containers": [{"name": "app", "resources": {"requests": {"cpu": other}}}]}, metadata={"uid": "other"}
    )
    assert refusal(sized(cpu), [beside], NODE) == expected


def test_the_status_remembers() -> None:
    status: Obj = {"containerID": "containerd://abc", "name": "app", "resources": {"requests": {"cpu": "1"}}}
    pod = make_pod(
        status={"containerStatuses": [{**status, "image": "", "imageID": "", "ready": True, "restartCount": 0}]}
    )
    assert remembered(pod) == ({"app": amount("1")}, {"abc": amount("1")})


def test_only_the_resource_that_asks_for_it_restarts() -> None:
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    container = sized("1", resizePolicy=policy).spec.containers[0]
    assert must_restart(container, amount("2"))
    assert not must_restart(container, amount("1"))
    assert not must_restart(sized("1").spec.containers[0], amount("2"))
    assert not must_restart(container, None)


def test_conditions_come_and_go() -> None:
    pod = sized("1")
    assert is_under_way(pod, {"app": amount("500m")})
    assert not is_under_way(pod, {"app": amount("1")})
    assert conditions(pod, None, False, "", [], 0) == []
    made = conditions(pod, Refusal("Deferred", "later"), True, "no", [], 0)
    assert [(each["type"], each["reason"], each["message"]) for each in made] == [
        ("PodResizePending", "Deferred", "later"),
        ("PodResizeInProgress", "Error", "no"),
    ]
    later = conditions(pod, Refusal("Deferred", "later"), False, "", made, 60)
    assert later[0]["lastTransitionTime"] == "1970-01-01T00:00:00Z"


def test_events_name_the_resources() -> None:
    pod = make_pod({"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}]})
    told = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}], "generation": 1}
    assert json.loads(summary(pod)) == told
    assert json.loads(summary(pod, "full")) == {**told, "error": "full"}
