from __future__ import annotations

from typing import Any

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.controllers.core.pod.controller import eagerness
from wherry.controllers.tests.plane import Plane, only, running
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

ALONE = only("pod-garbage-collector-controller")


async def add_pod(plane: Plane, name: str, node: str = "", **metadata: Any) -> None:
    spec: dict[str, Any] = {"containers": [{"name": "main", "image": "x"}]}
    if node:
        spec["nodeName"] = node
    await plane.apply(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec})


async def test_pods_of_a_node_that_is_gone_are_collected_after_a_while() -> None:
    async with running(ALONE) as plane:
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
        await add_pod(plane, "web", "n1")
        await plane.client.delete(NODES, "n1")
        await plane.pass_time(39)
        assert len(await plane.pods()) == 1
        await plane.pass_time(2)
        assert await plane.pods() == []


async def test_many_pods_wait_for_one_node_together() -> None:
    async with running(ALONE) as plane:
        for name in ("a", "b", "c"):
            await add_pod(plane, name, "n1")
        [loops] = plane.loops
        [loop] = loops.loops
        await plane.pass_time(30)
        assert loop.stats.successes == 1
        await add_pod(plane, "late", "n1")
        await plane.pass_time(11)
        assert await plane.pods() == []
        await add_pod(plane, "later", "n1")
        await plane.pass_time(39)
        assert len(await plane.pods()) == 1
        await plane.pass_time(2)
        assert await plane.pods() == []


async def test_a_node_that_comes_back_in_time_keeps_its_pods() -> None:
    async with running(ALONE) as plane:
        await add_pod(plane, "web", "n1")
        await plane.pass_time(30)
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
        await plane.pass_time(30)
        assert len(await plane.pods()) == 1


async def test_a_pod_that_never_had_a_node_fails_when_it_is_deleted_but_held() -> None:
    async with running(ALONE) as plane:
        await add_pod(plane, "held", finalizers=["example.com/hold"])
        await plane.client.delete(PODS, "held", "default")
        await plane.settle()
        assert (await plane.get(PODS, "held"))["status"]["phase"] == "Failed"
        await plane.client.patch(PODS, "held", {"metadata": {"finalizers": None}}, "default")
        await plane.settle()
        assert await plane.pods() == []


async def test_pods_on_their_way_out_go_with_a_node_that_is_out_of_service_for_good() -> None:
    async with running(ALONE) as plane:
        await plane.apply(NODES, {"metadata": {"name": "n1"}})
        for name in ("early", "late", "stays"):
            await add_pod(plane, name, "n1")
        await plane.client.delete(PODS, "early", "default")
        await plane.settle()
        assert len(await plane.pods()) == 3

        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        await plane.client.patch(NODES, "n1", {"spec": {"taints": [taint]}})
        await plane.settle()
        assert [pod["metadata"]["name"] for pod in await plane.pods()] == ["late", "stays"]
        await plane.client.delete(PODS, "late", "default")
        await plane.settle()
        assert [pod["metadata"]["name"] for pod in await plane.pods()] == ["stays"]


async def test_a_node_that_is_ready_is_in_service_whatever_is_said_of_it() -> None:
    async with running(ALONE) as plane:
        taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
        await plane.apply(NODES, {"metadata": {"name": "n1"}, "spec": {"taints": [taint]}})
        ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        await plane.client.patch(NODES, "n1", ready, subresource="status")
        await add_pod(plane, "web", "n1")
        await plane.client.delete(PODS, "web", "default")
        await plane.settle()
        assert len(await plane.pods()) == 1


def test_evicted_pods_go_first_then_the_oldest() -> None:
    def pod(name: str, created: str, **status: str) -> Pod:
        return convert(Pod, {"metadata": {"name": name, "creationTimestamp": created}, "status": status})

    pods = [
        pod("b", "2024-01-01T00:00:01Z", phase="Succeeded"),
        pod("c", "2024-01-01T00:00:01Z", phase="Failed"),
        pod("a", "2024-01-01T00:00:00Z", phase="Failed"),
        pod("e", "2024-01-01T00:00:09Z", phase="Failed", reason="Evicted"),
    ]
    assert [pod.metadata.name for pod in sorted(pods, key=eagerness)] == ["e", "a", "b", "c"]


async def test_rivals_only_hold_the_collection_up() -> None:
    gate = Faults(ManualClock())
    async with running(ALONE, gate=gate) as plane:
        for name in ("a", "b"):
            await add_pod(plane, name, "n1")
        faults = [gate.conflict_next("patch", "pods/status"), gate.conflict_next("delete", "pods")]
        await plane.pass_time(42)
        assert [fault.hits for fault in faults] == [1, 1]
        assert await plane.pods() == []
