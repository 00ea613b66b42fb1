"""Each kind of metric: what it makes of a number of replicas, and what users read of it and of its absence."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.autoscaling.horizontalpodautoscaler import HORIZONTALPODAUTOSCALERS
from wherry.controllers.autoscaling.horizontalpodautoscaler.tests.world import BASE, World, average
from wherry.controllers.tests.plane import deployment, running, without

INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "i"}
VALUE = {"type": "Value", "value": "100"}


def container(target: Obj) -> Obj:
    source = {"container": "main", "name": "cpu", "target": target}
    return {"type": "ContainerResource", "containerResource": source}


def of_pods(target: Obj) -> Obj:
    return {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": target}}


def of_object(target: Obj) -> Obj:
    return {"type": "Object", "object": {"describedObject": INGRESS, "metric": {"name": "rps"}, "target": target}}


def external(target: Obj, **metric: Any) -> Obj:
    return {"type": "External", "external": {"metric": {"name": "queue", **metric}, "target": target}}


async def reason(world: World) -> str:
    """Of the last change of size."""
    said = [message for reason, message in await world.events() if reason == "SuccessfulRescale"]
    return said[-1].partition("; reason: ")[2]


async def shown(world: World) -> Obj:
    (found,) = (await world.status())["currentMetrics"]
    kind: str = found["type"]
    field = kind[0].lower() + kind[1:]
    current: Obj = found[field]["current"]
    return current


async def test_one_container_of_several_counts() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        metric = container({"type": "Utilization", "averageUtilization": 50})
        await world.begin(containers=("main", "proxy"), metrics=[metric])
        await world.use("100m", "main")
        await world.use("2", "proxy")
        await world.tick()
        assert await world.replicas() == 2
        assert await shown(world) == {"averageUtilization": 10, "averageValue": "100m"}
        await world.use("750m", "main")
        await world.tick()
        assert await world.replicas() == 3
        assert await reason(world) == "cpu container resource utilization (percentage of request) above target"


async def test_one_container_by_what_it_uses() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(containers=("main", "proxy"), metrics=[container(average("200m"))])
        await world.use("300m", "main")
        await world.use("2", "proxy")
        await world.tick()
        assert await world.replicas() == 3
        assert await shown(world) == {"averageValue": "300m"}
        assert await reason(world) == "cpu resource above target"


async def test_what_pods_say_of_themselves() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(metrics=[of_pods(average("10"))])
        await world.count("hits", "15")
        await world.tick()
        assert await world.replicas() == 3
        assert await shown(world) == {"averageValue": "15"}
        assert await reason(world) == "pods metric hits above target"
        found = "the HPA was able to successfully calculate a replica count from pods metric hits"
        assert await world.message("ScalingActive") == found


@pytest.mark.parametrize(
    ("target", "replicas", "current", "why"),
    [
        pytest.param(VALUE, 5, {"value": "250"}, "Ingress metric rps above target", id="value"),
        pytest.param(average("50"), 5, {"averageValue": "125"}, "external metric rps(nil) above target", id="average"),
    ],
)
async def test_what_is_said_of_an_object(target: Obj, replicas: int, current: Obj, why: str) -> None:
    async with running(BASE) as plane:
        world = World(plane)
        policy = {"type": "Pods", "value": 9, "periodSeconds": 60}
        await world.begin(metrics=[of_object(target)], behavior={"scaleUp": {"policies": [policy]}})
        world.given.set_object("default", "Ingress", "i", "rps", "250")
        await world.tick()
        assert await world.replicas() == replicas
        assert await shown(world) == current
        assert await reason(world) == why


@pytest.mark.parametrize(
    ("target", "values", "replicas", "current"),
    [
        pytest.param(VALUE, ("150",), 3, {"value": "150"}, id="value"),
        pytest.param(VALUE, ("90", "60"), 3, {"value": "150"}, id="the sum of several"),
        pytest.param(average("50"), ("150",), 3, {"averageValue": "75"}, id="average"),
        pytest.param(average("75"), ("150",), 2, {"averageValue": "75"}, id="as it should be"),
        pytest.param(VALUE, ("105",), 2, {"value": "105"}, id="near enough"),
    ],
)
async def test_what_the_world_outside_says(target: Obj, values: tuple[str, ...], replicas: int, current: Obj) -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(metrics=[external(target)])
        world.given.set_external("default", "queue", *values)
        await world.tick()
        assert await world.replicas() == replicas
        assert await shown(world) == current


CUSTOM = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
NOT_FOUND = "the server could not find the requested resource"
RESOURCE = f"unable to fetch metrics from resource metrics API: {NOT_FOUND} (get pods.metrics.k8s.io)"
EXTERNAL = f"unable to fetch metrics from external metrics API: {NOT_FOUND} (get queue.external.metrics.k8s.io)"
LABELS = {"selector": {"matchLabels": {"zone": "a"}}}
ABSENT = [
    pytest.param(
        container({"type": "Utilization", "averageUtilization": 50}),
        "FailedGetContainerResourceMetric",
        f"failed to get cpu utilization: unable to get metrics for resource cpu: {RESOURCE}",
        "failed to get main container metric value: {why}",
        id="container",
    ),
    pytest.param(
        of_pods(average("1")),
        "FailedGetPodsMetric",
        f"unable to get metric hits: {CUSTOM}",
        "failed to get pods metric value: {why}",
        id="pods",
    ),
    pytest.param(
        of_object(VALUE),
        "FailedGetObjectMetric",
        f"unable to get metric rps: Ingress on default i/{CUSTOM}",
        "failed to get object metric value: {why}",
        id="object",
    ),
    pytest.param(
        of_object(average("1")),
        "FailedGetObjectMetric",
        f"unable to get metric rps: Ingress on default i/{CUSTOM}",
        "failed to get object metric value: failed to get rps object metric: {why}",
        id="object, average",
    ),
    pytest.param(
        external(VALUE),
        "FailedGetExternalMetric",
        f"unable to get external metric default/queue/nil: {EXTERNAL}",
        "failed to get queue external metric value: failed to get external metric queue: {why}",
        id="external",
    ),
    pytest.param(
        external(average("1"), **LABELS),
        "FailedGetExternalMetric",
        "unable to get external metric "
        "default/queue/&LabelSelector{MatchLabels:map[string]string{zone: a,},MatchExpressions:[]"
        f"LabelSelectorRequirement{{}},}}: {EXTERNAL}",
        "failed to get queue external metric value: failed to get queue external metric: {why}",
        id="external, average, with a selector",
    ),
]


@pytest.mark.parametrize(("metric", "reason", "why", "summary"), ABSENT)
async def test_where_no_api_has_it(metric: Obj, reason: str, why: str, summary: str) -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        world = World(plane)
        await plane.apply(DEPLOYMENTS, deployment(replicas=2))
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"scaleTargetRef": reference, "maxReplicas": 5, "metrics": [metric]}
        body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
        await plane.apply(HORIZONTALPODAUTOSCALERS, {**body, "spec": spec})
        await plane.pass_time(31)
        assert (await world.conditions())["ScalingActive"] == ("False", reason)
        assert await world.message("ScalingActive") == f"the HPA was unable to compute the replica count: {why}"
        said = dict(await world.events())
        assert said[reason] == why
        first = summary.format(why=why)
        invalid = "invalid metrics (1 invalid out of 1), first error is: "
        assert said["FailedComputeMetricsReplicas"] == invalid + first
        assert await world.replicas() == 2
