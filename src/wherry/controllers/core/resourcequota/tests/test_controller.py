from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.core.resourcequota import RESOURCEQUOTAS
from wherry.api.core.secret import SECRETS
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.controllers.tests.plane import Plane, deployment, only, running, template, without


async def add_quota(plane: Plane, **spec: Any) -> None:
    await plane.apply(
        RESOURCEQUOTAS, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec}
    )


async def status(plane: Plane) -> Obj:
    return (await plane.get(RESOURCEQUOTAS, "q")).get("status") or {}


def asking(cpu: str, memory: str) -> Obj:
    made = template("web")
    made["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu, "memory": memory}}
    return made


async def test_the_status_follows_what_is_used() -> None:
    async with running() as plane:
        hard = {"pods": "3", "requests.memory": "4Gi", "count/deployments.apps": "1", "count/widgets.x.io": "1"}
        await add_quota(plane, hard=hard)
        zeros = {"pods": "0", "requests.memory": "0", "count/deployments.apps": "0"}
        assert await status(plane) == {"hard": hard, "used": zeros}
        await plane.apply(DEPLOYMENTS, deployment(replicas=2, template=asking("100m", "1Gi")))
        used = {"pods": "2", "requests.memory": "2Gi", "count/deployments.apps": "1"}
        assert (await status(plane))["used"] == used
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 1}}, "default")
        await plane.settle()
        assert (await status(plane))["used"]["requests.memory"] == "1Gi"
        await plane.client.patch(RESOURCEQUOTAS, "q", {"spec": {"hard": {"pods": "1", "secrets": "5"}}}, "default")
        await plane.settle()
        found = await status(plane)
        assert found["hard"]["pods"] == "1"
        assert found["used"]["secrets"] == str(len(await plane.items(SECRETS)))


async def test_devices_are_shown_by_what_their_class_is_called() -> None:
    async with running(only("resourcequota-controller")) as plane:
        await add_quota(plane, hard={"requests.example.com/gpu": "4"})
        device = {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}
        spec = {"devices": {"requests": [{"name": "r", "exactly": device}]}}
        await plane.apply(RESOURCECLAIMS, {"metadata": {"name": "c"}, "spec": spec})
        assert (await status(plane))["used"] == {"requests.example.com/gpu": "0"}
        called = {"metadata": {"name": "gpu"}, "spec": {"extendedResourceName": "example.com/gpu"}}
        await plane.apply(DEVICECLASSES, called)
        assert (await status(plane))["used"] == {"requests.example.com/gpu": "2"}
        await plane.client.delete(DEVICECLASSES, "gpu")
        await plane.settle()
        assert (await status(plane))["used"] == {"requests.example.com/gpu": "0"}


async def test_a_replica_set_without_room_says_so_and_goes_on_when_there_is() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        await add_quota(plane, hard={"pods": "2"})
        await plane.apply(DEPLOYMENTS, deployment(replicas=3))
        assert len(await plane.pods()) == 2
        failed = [event for event in await plane.items(EVENTS) if event["reason"] == "FailedCreate"]
        assert (
            "is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2" in failed[0]["message"]
        )
        await plane.client.patch(RESOURCEQUOTAS, "q", {"spec": {"hard": {"pods": "5"}}}, "default")
        await plane.pass_time(60)
        assert len(await plane.pods()) == 3
        assert (await status(plane))["used"] == {"pods": "3"}


async def test_a_pod_that_should_be_gone_counts_no_more_at_the_next_look() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        await add_quota(plane, hard={"pods": "1"})
        pod = {"apiVersion": "v1", "kind": "Pod", **template("web")}
        pod["metadata"] = {**pod["metadata"], "name": "p"}
        pod["spec"]["nodeName"] = "lost"
        await plane.apply(PODS, pod)
        await plane.client.delete(PODS, "p", "default")
        await plane.settle()
        assert (await status(plane))["used"] == {"pods": "1"}
        await plane.pass_time(301)
        assert (await status(plane))["used"] == {"pods": "0"}
        assert len(await plane.pods()) == 1
