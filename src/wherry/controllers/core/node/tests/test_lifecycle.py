from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.controllers.tests.plane import Plane, only, running
from wherry.lib.clock import format_micro_time, format_time
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

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
    return {(taint["key"], taint["effect"]) for taint in node.get("spec", {}).get("taints", [])}


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


async def test_nodes_are_given_up_one_by_one() -> None:
    async with running(NODE_LOOPS) as plane:
        names = ("a", "b", "c", "well", "fine", "good", "sound")
        for name in names:
            await add_node(plane, name)

        async def given_up() -> int:
            nodes = [await plane.get(NODES, name) for name in names]
            return sum(("node.kubernetes.io/unreachable", "NoExecute") in taints(node) for node in nodes)

        counts = []
        for _ in range(20):
            await plane.pass_time(5)
            for name in names[3:]:
                await renew(plane, name)
            counts.append(await given_up())
        first = counts.index(1)
        assert counts[first : first + 6] == [1, 1, 2, 2, 3, 3]


async def test_a_silence_of_all_nodes_is_held_to_be_ours() -> None:
    async with running(NODE_LOOPS) as plane:
        for name in ("a", "b"):
            await add_node(plane, name)
        await plane.pass_time(120)
        for name in ("a", "b"):
            assert taints(await plane.get(NODES, name)) == {("node.kubernetes.io/unreachable", "NoSchedule")}
        condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": format_time(plane.clock.time())}
        await plane.client.patch(NODES, "a", {"status": {"conditions": [condition]}}, subresource="status")
        await plane.settle()
        unreachable = "node.kubernetes.io/unreachable"
        assert taints(await plane.get(NODES, "b")) == {(unreachable, "NoSchedule"), (unreachable, "NoExecute")}


async def test_who_comes_and_goes_is_told_of() -> None:
    async with running(NODE_LOOPS) as plane:
        await add_node(plane, "n1")
        await plane.client.delete(NODES, "n1")
        await plane.pass_time(1)
        told = [(event["reason"], event["message"]) for event in (await plane.client.list(EVENTS)).items]
        assert sorted(told) == [
            ("RegisteredNode", "Node n1 event: Registered Node n1 in Controller"),
            ("RemovingNode", "Node n1 event: Removing Node n1 from Controller"),
        ]


async def test_a_pod_that_may_stay_after_all_is_told_so() -> None:
    async with running(NODE_LOOPS) as plane:
        await add_node(plane, "n1")
        taint = {"key": "k", "effect": "NoExecute", "timeAdded": format_time(plane.clock.time())}
        toleration = {"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}
        for name in ("stays", "goes"):
            await add_pod(plane, name, "n1", tolerations=[toleration])
        await add_pod(plane, "ended", "n1")
        await plane.set_phase(await plane.get(PODS, "ended"), "Succeeded")
        await plane.client.patch(NODES, "n1", {"spec": {"taints": [taint]}})
        await plane.pass_time(30)
        assert sorted(pod["metadata"]["name"] for pod in await plane.pods()) == ["goes", "stays"]
        await plane.client.delete(PODS, "goes", "default", grace_seconds=0)
        await plane.settle()
        await plane.client.patch(NODES, "n1", {"spec": {"taints": None}})
        await plane.pass_time(60)
        assert "deletionTimestamp" not in (await plane.get(PODS, "stays"))["metadata"]
        told = [event["message"] for event in await plane.items(EVENTS) if event["reason"] == "TaintManagerEviction"]
        assert sorted(told) == [
            "Cancelling deletion of Pod default/goes",
            "Cancelling deletion of Pod default/stays",
            "Marking for deletion Pod default/ended",
        ]


async def test_the_old_names_of_two_labels_follow_the_new_ones() -> None:
    async with running(NODE_LOOPS) as plane:
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64", "beta.kubernetes.io/arch": "amd64"}
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": labels}})
        found = (await plane.get(NODES, "n1"))["metadata"]["labels"]
        assert found == {**labels, "beta.kubernetes.io/arch": "arm64", "beta.kubernetes.io/os": "linux"}


TAINT = {"key": "k", "effect": "NoExecute", "timeAdded": "2023-11-14T22:13:20Z"}
OTHER = {"key": "other", "effect": "NoExecute", "timeAdded": "2023-11-14T22:13:30Z"}


def tolerating(seconds: int | None, *more: Obj) -> Obj:
    limit = {} if seconds is None else {"tolerationSeconds": seconds}
    return {"spec": {"tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute", **limit}, *more]}}


SECOND_THOUGHTS = [
    pytest.param(tolerating(300), [TAINT], 60, id="longer"),
    pytest.param(tolerating(20), [TAINT], 60, id="shorter"),
    pytest.param(tolerating(None), [TAINT], None, id="for ever"),
    pytest.param({}, [TAINT, OTHER], 10, id="another taint"),
    pytest.param(
        tolerating(60, {"key": "other", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}),
        [TAINT, OTHER],
        60,
        id="another taint that is tolerated for a shorter time",
    ),
    pytest.param({}, [], None, id="no taint"),
]


@pytest.mark.parametrize(("change", "taints", "gone"), SECOND_THOUGHTS)
async def test_who_knows_his_time_keeps_it(change: Obj, taints: list[Obj], gone: int | None) -> None:
    """Ten seconds after a taint of which a Pod tolerates sixty."""
    async with running(NODE_LOOPS) as plane:
        await add_node(plane, "n1")
        await add_pod(plane, "p", "n1", **tolerating(60)["spec"])
        await plane.client.patch(NODES, "n1", {"spec": {"taints": [TAINT]}})
        await plane.pass_time(10)
        if change:
            await plane.client.patch(PODS, "p", change, "default")
        await plane.client.patch(NODES, "n1", {"spec": {"taints": taints or None}})
        for seconds in range(10, 320, 10):
            await plane.settle()
            if "deletionTimestamp" in (await plane.get(PODS, "p"))["metadata"]:
                assert seconds == gone
                return
            await renew(plane, "n1")
            await plane.pass_time(10)
        assert gone is None


@pytest.mark.parametrize("trouble", ["fail_next", "conflict_next"])
async def test_a_time_is_kept_although_the_api_fails_when_it_is_up(trouble: str) -> None:
    gate = Faults(ManualClock())
    async with running(NODE_LOOPS, gate=gate) as plane:
        await add_node(plane, "n1")
        for name in ("p", "q"):
            await add_pod(plane, name, "n1", **tolerating(60)["spec"])
        await plane.client.patch(NODES, "n1", {"spec": {"taints": [TAINT]}})
        await plane.pass_time(10)
        await plane.client.patch(PODS, "p", tolerating(300), "default")
        await plane.settle()
        faults = [
            getattr(gate, trouble)(verb, resource) for verb, resource in (("patch", "pods/status"), ("delete", "pods"))
        ]
        await plane.pass_time(51)
        assert [fault.hits for fault in faults] == [1, 1]
        assert all("deletionTimestamp" in pod["metadata"] for pod in await plane.pods())
        told = {event["message"] for event in await plane.items(EVENTS) if event["reason"] == "TaintManagerEviction"}
        assert told == {f"Marking for deletion Pod default/{name}" for name in ("p", "q")}
