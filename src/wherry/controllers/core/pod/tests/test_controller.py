from __future__ import annotations

from typing import Any

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.controllers.tests.plane import Plane, only, running

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
