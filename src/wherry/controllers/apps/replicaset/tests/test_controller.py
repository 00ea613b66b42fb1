from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.errors import Forbidden
from wherry.api.features import features
from wherry.apiserver.attributes import Admission, Reader
from wherry.controllers.tests.plane import Plane, deployment, only, running, template

LOOPS = only("replicaset-controller", "replication-controller")


def replica_set(replicas: int, **spec: Any) -> Obj:
    whole = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template("web"), **spec}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"}, "spec": whole}


async def names(plane: Plane) -> set[str]:
    return {pod["metadata"]["name"] for pod in await plane.pods()}


async def test_lost_pods_are_replaced_and_surplus_ones_deleted() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(REPLICASETS, replica_set(3))
        await plane.run_pods()
        [first, *_] = await plane.pods()
        await plane.end_pod(first)
        await plane.settle()
        assert len(await names(plane)) == 3
        assert first["metadata"]["name"] not in await names(plane)
        await plane.client.patch(REPLICASETS, "web", {"spec": {"replicas": 1}}, "default")
        await plane.settle()
        assert len(await names(plane)) == 1
        status = (await plane.get(REPLICASETS, "web"))["status"]
        assert (status["replicas"], status["terminatingReplicas"]) == (1, 0)
        reasons = {event["reason"] for event in await plane.items(EVENTS)}
        assert {"SuccessfulCreate", "SuccessfulDelete"} <= reasons


async def test_orphans_are_adopted_and_strangers_released() -> None:
    async with running(LOOPS) as plane:
        spec = {"containers": [{"name": "main", "image": "x"}]}
        orphan = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "orphan", "labels": {"app": "web"}}}
        await plane.apply(PODS, {**orphan, "spec": spec})
        owner = await plane.apply(REPLICASETS, replica_set(2))
        assert len(await names(plane)) == 2
        adopted = await plane.get(PODS, "orphan")
        assert adopted["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
        await plane.client.patch(PODS, "orphan", {"metadata": {"labels": {"app": "other"}}}, "default")
        await plane.settle()
        assert not (await plane.get(PODS, "orphan"))["metadata"].get("ownerReferences")
        assert len(await names(plane)) == 3


async def test_availability_comes_with_time() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(REPLICASETS, replica_set(1, minReadySeconds=30))
        await plane.run_pods()
        assert "availableReplicas" not in (await plane.get(REPLICASETS, "web"))["status"]
        await plane.pass_time(31)
        assert (await plane.get(REPLICASETS, "web"))["status"]["availableReplicas"] == 1


async def test_a_failure_to_create_is_said_and_tried_again() -> None:
    room = 1
    asked = 0

    def quota(write: Admission, reader: Reader) -> None:
        nonlocal asked
        if write.resource is PODS and write.operation == "CREATE":
            asked += 1
            if asked > room:
                raise Forbidden.of(PODS, "", "exceeded quota: pods")

    async with running(LOOPS, (quota,)) as plane:
        await plane.apply(REPLICASETS, replica_set(50))
        status = (await plane.get(REPLICASETS, "web"))["status"]
        [condition] = status["conditions"]
        assert (condition["type"], condition["reason"]) == ("ReplicaFailure", "FailedCreate")
        assert condition["message"].endswith("is forbidden: exceeded quota: pods")
        assert status["replicas"] == 1
        assert asked < 50
        room = 1000
        await plane.pass_time(10)
        assert len(await names(plane)) == 50
        assert "conditions" not in (await plane.get(REPLICASETS, "web"))["status"]


async def test_replication_controllers_work_by_the_same_code() -> None:
    async with running(LOOPS) as plane:
        spec = {"replicas": 2, "selector": {"app": "web"}, "template": template("web")}
        obj = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc"}, "spec": spec}
        await plane.apply(REPLICATIONCONTROLLERS, obj)
        await plane.run_pods()
        status = (await plane.get(REPLICATIONCONTROLLERS, "rc"))["status"]
        assert (status["replicas"], status["readyReplicas"]) == (2, 2)


async def test_the_cheapest_pod_goes_first() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(REPLICASETS, replica_set(3))
        await plane.run_pods()
        dear, cheap, other = await plane.pods()
        for pod, cost in ((dear, "100"), (cheap, "-5")):
            patch = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": cost}}}
            await plane.client.patch(PODS, pod["metadata"]["name"], patch, "default")
        await plane.client.patch(REPLICASETS, "web", {"spec": {"replicas": 2}}, "default")
        await plane.settle()
        assert await names(plane) == {dear["metadata"]["name"], other["metadata"]["name"]}
        await plane.client.patch(REPLICASETS, "web", {"spec": {"replicas": 1}}, "default")
        await plane.settle()
        assert await names(plane) == {dear["metadata"]["name"]}


async def test_pods_on_their_way_out_are_not_told_of_while_the_feature_is_off() -> None:
    off = features({"DeploymentReplicaSetTerminatingReplicas": False})
    async with running(features=off) as plane:
        await plane.apply(DEPLOYMENTS, deployment())
        await plane.run_pods()
        [owner] = await plane.items(REPLICASETS)
        told = await plane.get(DEPLOYMENTS, "web")
        assert owner["status"]["readyReplicas"] == told["status"]["readyReplicas"] == 3
        assert "terminatingReplicas" not in {*owner["status"], *told["status"]}


async def test_pods_on_their_way_out_are_replaced_and_counted_apart() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(REPLICASETS, replica_set(2))
        await plane.run_pods()
        [first, _] = await plane.pods()
        await plane.client.patch(PODS, first["metadata"]["name"], {"metadata": {"finalizers": ["x/y"]}}, "default")
        await plane.client.delete(PODS, first["metadata"]["name"], "default")
        await plane.settle()
        assert len(await names(plane)) == 3
        status = (await plane.get(REPLICASETS, "web"))["status"]
        assert (status["replicas"], status["terminatingReplicas"]) == (2, 1)
