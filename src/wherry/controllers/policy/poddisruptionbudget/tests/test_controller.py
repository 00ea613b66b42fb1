from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wherry.api import Obj, errors
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.batch.job import JOBS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.controllers.tests.plane import Plane, deployment, only, running, template, without


async def add_budget(plane: Plane, **spec: Any) -> None:
    whole = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    await plane.apply(
        PODDISRUPTIONBUDGETS,
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": whole},
    )


async def status(plane: Plane) -> Obj:
    found: Obj = (await plane.get(PODDISRUPTIONBUDGETS, "b"))["status"]
    return found


def counts(found: Obj) -> tuple[int, int, int, int]:
    """(allowed, healthy, wanted healthy, expected)."""
    return (
        found["disruptionsAllowed"],
        found["currentHealthy"],
        found["desiredHealthy"],
        found["expectedPods"],
    )


async def evict(plane: Plane, pod: Obj) -> None:
    metadata = pod["metadata"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": metadata["name"]}}
    await plane.client.create(PODS, body, metadata["namespace"], name=metadata["name"], subresource="eviction")


async def assign(plane: Plane) -> None:
    """Give every Pod a node, so that its deletion waits for the kubelet."""
    for pod in await plane.pods():
        if not pod["spec"].get("nodeName"):
            body = {"apiVersion": "v1", "kind": "Binding", "target": {"kind": "Node", "name": "n"}}
            metadata = {"name": pod["metadata"]["name"]}
            await plane.client.create(
                PODS, {**body, "metadata": metadata}, "default", name=metadata["name"], subresource="binding"
            )


only_workloads = without("pod-garbage-collector-controller")
"""All but what removes Pods from nodes that are not there."""


async def test_a_deployments_budget_lets_go_as_many_as_it_says_and_no_more() -> None:
    async with running(only_workloads) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=4))
        await add_budget(plane, maxUnavailable="25%")
        assert counts(await status(plane)) == (0, 0, 3, 4)
        await assign(plane)
        await plane.run_pods()
        assert counts(await status(plane)) == (1, 4, 3, 4)
        outcomes = await asyncio.gather(*(evict(plane, pod) for pod in await plane.pods()), return_exceptions=True)
        refusals = [each for each in outcomes if each is not None]
        assert len(refusals) == 3
        assert all(isinstance(each, errors.TooManyRequests) for each in refusals)
        await plane.settle()
        going = [pod for pod in await plane.pods() if "deletionTimestamp" in pod["metadata"]]
        assert len(going) == 1
        target = next(c for c in going[0]["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert (target["reason"], target["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")
        found = await status(plane)
        assert (found["disruptionsAllowed"], found.get("disruptedPods")) == (0, None)
        await assign(plane)
        await plane.run_pods()
        assert counts(await status(plane)) == (1, 4, 3, 4)


async def test_a_pod_that_never_goes_is_counted_again_after_two_minutes() -> None:
    async with running(only_workloads) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=2))
        await plane.run_pods()
        await add_budget(plane, minAvailable=1)
        name = (await plane.pods())[0]["metadata"]["name"]
        now = "2023-11-14T22:13:20Z"
        change = {"status": {"disruptionsAllowed": 0, "disruptedPods": {name: now}}}
        await plane.client.patch(PODDISRUPTIONBUDGETS, "b", change, "default", subresource="status")
        await plane.settle()
        assert counts(await status(plane)) == (0, 1, 1, 2)
        await plane.pass_time(121)
        found = await status(plane)
        assert (counts(found), "disruptedPods" in found) == ((1, 2, 1, 2), False)
        assert [e["reason"] for e in await plane.items(EVENTS) if e["reason"] == "NotDeleted"] == ["NotDeleted"]


async def test_custom_kinds_count_by_their_scale() -> None:
    async with running(only_workloads) as plane:
        await plane.apply(CUSTOMRESOURCEDEFINITIONS, _definition())
        await plane.settle()
        resource = next(each for each in await plane.client.resources() if each.plural == "farms")
        farm = {
            "apiVersion": "example.com/v1",
            "kind": "Farm",
            "metadata": {"name": "f"},
            "spec": {"count": 10},
        }
        made = await plane.apply(resource, farm)
        await add_budget(plane, minAvailable="80%")
        reference = {
            "apiVersion": "example.com/v1",
            "kind": "Farm",
            "name": "f",
            "uid": made["metadata"]["uid"],
            "controller": True,
        }
        pod = {"apiVersion": "v1", "kind": "Pod", **template("web")}
        pod["metadata"] = {**pod["metadata"], "name": "p", "ownerReferences": [reference]}
        await plane.apply(PODS, pod)
        assert counts(await status(plane)) == (0, 0, 8, 10)


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ({"apiVersion": "batch/v1", "kind": "Job"}, "jobs.batch does not implement the scale subresource"),
        ({"apiVersion": "x.io/v1", "kind": "Y"}, 'no matches for kind "Y" in version "x.io/v1"'),
        ({"apiVersion": "apps/v1", "kind": "StatefulSet"}, 'found no controllers for pod "p"'),
    ],
    ids=["no scale", "no kind", "no object"],
)
async def test_what_cannot_be_counted_closes_the_budget(owner: Obj, message: str) -> None:
    async with running(only("disruption-controller")) as plane:
        pod = {"apiVersion": "v1", "kind": "Pod", **template("web")}
        reference = {**owner, "name": "o", "uid": "u", "controller": True}
        pod["metadata"] = {**pod["metadata"], "name": "p", "ownerReferences": [reference]}
        await plane.apply(PODS, pod)
        await add_budget(plane, maxUnavailable=1)
        found = (await status(plane))["conditions"][0]
        assert (found["status"], found["reason"], found["message"]) == ("False", "SyncFailed", message)
        events = {event["reason"]: event for event in await plane.items(EVENTS)}
        said = events["CalculateExpectedPodCountFailed"]
        assert said["message"] == f"Failed to calculate the number of expected pods: {message}"
        assert said["source"]["component"] == "controllermanager"
        assert JOBS.subresource("scale") is None


async def test_an_announcement_that_nothing_follows_is_taken_back() -> None:
    async with running(only_workloads) as plane:
        pod = {"apiVersion": "v1", "kind": "Pod", **template("web")}
        pod["metadata"] = {**pod["metadata"], "name": "p"}
        made = await plane.apply(PODS, pod)
        announced = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "lastTransitionTime": "2023-11-14T22:13:20Z",
        }
        await plane.set_phase(made, "Running", conditions=[announced])
        await plane.pass_time(119)
        assert (await plane.pods())[0]["status"]["conditions"][0]["status"] == "True"
        await plane.pass_time(2)
        found = (await plane.pods())[0]["status"]["conditions"][0]
        assert (found["status"], found.get("reason")) == ("False", None)


def _definition() -> Obj:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "farms.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "farms", "kind": "Farm"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object", "properties": {"count": {"type": "integer"}}},
                                "status": {"type": "object", "properties": {"count": {"type": "integer"}}},
                            },
                        }
                    },
                    "subresources": {
                        "status": {},
                        "scale": {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"},
                    },
                }
            ],
        },
    }
