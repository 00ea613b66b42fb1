from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.controllers.tests.plane import Plane, only, running
from wherry.lib.clock import format_micro_time, format_time

NODE_LOOPS = only("node-lifecycle-controller", "taint-eviction-controller")


async def add_node(plane: Plane, name: str) -> None:
    await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok"}
    condition["lastHeartbeatTime"] = format_time(plane.clock.time())
    await plane.client.patch(NODES, name, {"status": {"conditions": [condition]}}, subresource="status")
    spec = {"holderIdentity": name, "renewTime": format_micro_time(plane.clock.time())}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}
    await plane.apply(LEASES, lease, "kube-node-lease")


async def renew(plane: Plane, name: str) -> None:
    patch = {"spec": {"renewTime": format_micro_time(plane.clock.time())}}
    await plane.client.patch(LEASES, name, patch, "kube-node-lease")


async def add_pod(plane: Plane, name: str, node: str, **spec: Any) -> None:
    whole = {"containers": [{"name": "main", "image": "x"}], "nodeName": node, **spec}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": whole}
    await plane.set_phase(await plane.apply(PODS, pod), "Running", ready=True)


def ready(obj: Obj) -> Obj:
    found: Obj = next(c for c in obj["status"]["conditions"] if c["type"] == "Ready")
    return found


def taints(node: Obj) -> set[tuple[str, str]]:
    return {(taint["key"], taint["effect"]) for taint in node["spec"].get("taints", [])}


async def test_a_silent_node_becomes_unknown_and_loses_its_pods_in_time() -> None:
    async with running(NODE_LOOPS) as plane:
        for name in ("lost", "well"):
            await add_node(plane, name)
        unreachable = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
        await add_pod(plane, "patient", "lost", tolerations=[{**unreachable, "tolerationSeconds": 30}])
        await add_pod(plane, "faithful", "lost", tolerations=[unreachable])
        await add_pod(plane, "elsewhere", "well")
        for _ in range(4):
            await plane.pass_time(10)
            await renew(plane, "lost")
            await renew(plane, "well")
        for _ in range(6):
            await plane.pass_time(10)
            await renew(plane, "well")
        lost = await plane.get(NODES, "lost")
        assert (ready(lost)["status"], ready(lost)["reason"]) == ("Unknown", "NodeStatusUnknown")
        key = "node.kubernetes.io/unreachable"
        assert taints(lost) == {(key, "NoSchedule"), (key, "NoExecute")}
        assert ready(await plane.get(PODS, "patient"))["status"] == "False"
        assert ready(await plane.get(PODS, "elsewhere"))["status"] == "True"
        assert "deletionTimestamp" not in (await plane.get(PODS, "patient"))["metadata"]
        for _ in range(3):
            await plane.pass_time(10)
            await renew(plane, "well")
        patient = await plane.get(PODS, "patient")
        assert "deletionTimestamp" in patient["metadata"]
        disruption = next(c for c in patient["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert disruption["reason"] == "DeletionByTaintManager"
        assert "deletionTimestamp" not in (await plane.get(PODS, "faithful"))["metadata"]
        assert ready(await plane.get(NODES, "well"))["status"] == "True"


async def test_a_node_that_comes_back_loses_its_taints() -> None:
    async with running(NODE_LOOPS) as plane:
        await add_node(plane, "n1")
        await plane.pass_time(60)
        assert taints(await plane.get(NODES, "n1")) == {("node.kubernetes.io/unreachable", "NoSchedule")}
        condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": format_time(plane.clock.time())}
        await plane.client.patch(NODES, "n1", {"status": {"conditions": [condition]}}, subresource="status")
        await plane.settle()
        assert taints(await plane.get(NODES, "n1")) == set()


async def test_idle_nodes_cost_one_timer_each() -> None:
    async with running(NODE_LOOPS) as plane:
        await add_node(plane, "n1")
        loop = plane.loops[0].loops[0]
        before = loop.stats.successes
        for _ in range(10):
            await plane.pass_time(1)
            await renew(plane, "n1")
        assert loop.stats.successes == before
