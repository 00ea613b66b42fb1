"""Pods that somebody else has bound: simulated nodes judge them as real ones do."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Node, Pod
from wherry.api.types.decoding import convert
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.kubelet.pods.admission import Refused
from wherry.providers.simulated.door import Door
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.providers.simulated.tests.cluster import Cluster, running

SMALL = NodeSpec(name="small", cpu="1", memory="1Gi", pods=3, labels={"disk": "ssd"})


def asks(cpu: str, **container: Any) -> list[Obj]:
    return [{"name": "main", "image": "busybox:1", "resources": {"requests": {"cpu": cpu}}, **container}]


async def bound(cluster: Cluster, name: str = "web", **spec: Any) -> Obj:
    """A Pod that names its node itself."""
    await cluster.run(name, nodeName="small", **spec)
    return await cluster.pod(name)


async def refused(cluster: Cluster, name: str = "web", **spec: Any) -> tuple[str, str]:
    pod = await bound(cluster, name, **spec)
    status = pod["status"]
    assert status["phase"] == "Failed"
    assert "containerStatuses" not in status
    assert status["message"] == f"Pod was rejected: {(await cluster.events(name))[0][1]}"
    assert [reason for reason, _ in await cluster.events(name)] == [status["reason"]]
    return status["reason"], status["message"].removeprefix("Pod was rejected: ")


async def test_what_fits_runs() -> None:
    async with running(specs=[SMALL]) as cluster:
        pod = await bound(cluster, containers=asks("1"))
        assert pod["status"]["phase"] == "Running"


async def test_there_is_no_room_until_somebody_has_ended() -> None:
    async with running(specs=[SMALL]) as cluster:
        await bound(cluster, "first", containers=asks("600m"))
        assert await refused(cluster, containers=asks("500m")) == (
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 500, used: 600, capacity: 1000",
        )
        await cluster.client.delete(PODS, "first", "default", grace_seconds=0)
        await cluster.settle()
        assert (await bound(cluster, "next", containers=asks("500m")))["status"]["phase"] == "Running"


async def test_pods_that_have_ended_take_nothing() -> None:
    async with running(specs=[SMALL]) as cluster:
        annotations = {"simulate.wherry.dev/run-time": "5s"}
        await cluster.run("job", nodeName="small", annotations=annotations, restartPolicy="Never", containers=asks("1"))
        await cluster.advance(6)
        assert (await cluster.pod("job"))["status"]["phase"] == "Succeeded"
        assert (await bound(cluster, containers=asks("1")))["status"]["phase"] == "Running"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({"nodeSelector": {"disk": "tape"}}, "NodeAffinity", id="another node"),
        pytest.param({"containers": asks("0", ports=[{"containerPort": 1, "hostPort": 80}])}, "NodePorts", id="port"),
        pytest.param({"containers": asks("2")}, "OutOfcpu", id="CPU"),
    ],
)
async def test_reasons(spec: Any, reason: str) -> None:
    async with running(specs=[SMALL]) as cluster:
        await bound(cluster, "first", containers=asks("0", ports=[{"containerPort": 1, "hostPort": 80}]))
        assert (await refused(cluster, **spec))[0] == reason


async def test_a_taint_that_would_evict_it() -> None:
    async with running(specs=[SMALL]) as cluster:
        taints = {"spec": {"taints": [{"key": "gone", "effect": "NoExecute"}]}}
        await cluster.client.patch(NODES, "small", taints)
        await cluster.settle()
        await cluster.run(nodeName="small")
        assert await cluster.events() == [
            ("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate")
        ]


async def test_too_many() -> None:
    async with running(specs=[SMALL]) as cluster:
        for number in range(3):
            await bound(cluster, f"pod-{number}")
        assert (await refused(cluster))[1] == (
            "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"
        )


async def test_a_label_that_has_just_come_counts() -> None:
    async with running(specs=[SMALL]) as cluster:
        await cluster.client.patch(NODES, "small", {"metadata": {"labels": {"tier": "x"}}})
        assert (await bound(cluster, nodeSelector={"tier": "x"}))["status"]["phase"] == "Running"


async def test_one_that_was_refused_stays_so_after_a_restart_and_can_be_deleted() -> None:
    async with running(specs=[SMALL]) as cluster:
        await bound(cluster, containers=asks("2"))
        before = await cluster.pod()
        await cluster.nodes.close()
        await cluster.start_nodes()
        assert await cluster.pod() == before
        await cluster.client.delete(PODS, "web", "default")
        await cluster.settle()
        assert await cluster.pods() == []


async def test_those_that_ran_before_have_their_room_after_a_restart() -> None:
    async with running(specs=[SMALL]) as cluster:
        await bound(cluster, "zealous", containers=asks("600m"))
        await cluster.nodes.close()
        pod = {"metadata": {"name": "another"}, "spec": {"nodeName": "small", "containers": asks("500m")}}
        await cluster.client.create(PODS, {"apiVersion": "v1", "kind": "Pod", **pod}, "default")
        await cluster.start_nodes()
        assert (await cluster.pod("zealous"))["status"]["phase"] == "Running"
        assert (await cluster.pod("another"))["status"]["reason"] == "OutOfcpu"


async def test_the_binding_of_the_api_is_judged_alike() -> None:
    async with running(specs=[SMALL]) as cluster:
        await cluster.run(schedulerName="nobody", containers=asks("2"))
        target = {"apiVersion": "v1", "kind": "Node", "name": "small"}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": target}
        await cluster.client.create(PODS, binding, "default", name="web", subresource="binding")
        await cluster.settle()
        assert (await cluster.pod())["status"]["reason"] == "OutOfcpu"


async def test_others_end_for_a_critical_one() -> None:
    async with running(specs=[SMALL]) as cluster:
        await bound(cluster, "web", containers=asks("800m"))
        pod = await bound(cluster, "dns", containers=asks("500m"), priorityClassName="system-node-critical")
        assert pod["status"]["phase"] == "Running"
        await cluster.advance(31)
        status = (await cluster.pod())["status"]
        assert (status["phase"], status["reason"]) == ("Failed", "Preempting")
        assert status["message"] == "Preempted in order to admit critical pod"
        target = next(each for each in status["conditions"] if each["type"] == "DisruptionTarget")
        assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")
        assert ("Preempting", "Preempted in order to admit critical pod") in await cluster.events()


async def test_who_has_no_room_yet_has_none_to_give() -> None:
    """Pods that are bound to the node and wait at its door do not count as such that could end for others."""
    async with running(specs=[SMALL]) as cluster:
        critical = await bound(cluster, "dns", containers=asks("800m"), priorityClassName="system-node-critical")
        host = cluster.nodes.host("small")
        assert host is not None
        waiting = convert(Pod, {**critical, "metadata": {**critical["metadata"], "name": "w", "uid": "w"}})
        waiting = replace(waiting, spec=replace(waiting.spec, priority=0))
        door = Door(cluster.client, cluster.client.informer(NODES, Node), {"small": host}, lambda _: [waiting])
        new = replace(convert(Pod, critical), metadata=convert(ObjectMeta, {"name": "new", "uid": "new"}))
        answer = await door.admit(new)
        assert isinstance(answer, Refused)
        assert answer.reason == "UnexpectedAdmissionError"
