from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.autoscaling.horizontalpodautoscaler import HORIZONTALPODAUTOSCALERS
from wherry.api.features import features
from wherry.client import Key
from wherry.controllers.autoscaling.horizontalpodautoscaler.tests.world import BASE, World, average, cpu
from wherry.controllers.tests.plane import deployment, running, without


async def test_load_comes_and_goes() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(metrics=[cpu(50)])
        await world.use("900m")
        await world.tick()
        assert await world.replicas() == 4
        found = await world.status()
        assert (found["currentReplicas"], found["desiredReplicas"]) == (2, 4)
        current = {"averageUtilization": 90, "averageValue": "900m"}
        assert found["currentMetrics"] == [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
        assert (await world.conditions())["AbleToScale"] == ("True", "SucceededRescale")
        message = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
        assert ("SuccessfulRescale", message) in await world.events()
        await world.use("100m")
        for _ in range(19):
            await world.tick()
            await world.use("100m")
        assert await world.replicas() == 4
        assert (await world.conditions())["AbleToScale"] == ("True", "ScaleDownStabilized")
        for _ in range(3):
            await world.tick()
        assert await world.replicas() == 1
        assert ("SuccessfulRescale", "New size: 1; reason: All metrics below target") in await world.events()


async def test_without_figures_it_says_why_and_leaves_all_as_it_is() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        world = World(plane)
        await plane.apply(DEPLOYMENTS, deployment(replicas=2))
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"scaleTargetRef": reference, "maxReplicas": 5}
        body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
        await plane.apply(HORIZONTALPODAUTOSCALERS, {**body, "spec": spec})
        await plane.pass_time(31)
        assert (await world.conditions())["ScalingActive"] == ("False", "FailedGetResourceMetric")
        why = (
            "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from "
            "resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
        )
        found = [c for c in (await world.status())["conditions"] if c["type"] == "ScalingActive"]
        assert found[0]["message"] == f"the HPA was unable to compute the replica count: {why}"
        said = dict(await world.events())
        assert said["FailedGetResourceMetric"] == why
        assert said["FailedComputeMetricsReplicas"] == (
            f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {why}"
        )
        assert (await world.status())["currentMetrics"] == [{"type": ""}]
        assert await world.replicas() == 2


async def test_bounds_hold_without_any_figures() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(replicas=1, minReplicas=3, metrics=[cpu(50)])
        assert await world.replicas() == 3
        assert ("SuccessfulRescale", "New size: 3; reason: Current number of replicas below Spec.MinReplicas") in (
            await world.events()
        )
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}}, "default")
        await world.tick()
        assert await world.replicas() == 0
        assert (await world.conditions())["ScalingActive"] == ("False", "ScalingDisabled")


async def test_the_metric_that_asks_for_most_decides_and_unknown_ones_only_keep() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        queue = {"type": "External", "external": {"metric": {"name": "queue"}, "target": average("10")}}
        per_pod = {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": average("5")}}
        ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "i"}
        of_object = {
            "type": "Object",
            "object": {
                "describedObject": ingress,
                "metric": {"name": "rps"},
                "target": {"type": "Value", "value": "100"},
            },
        }
        await world.begin(metrics=[cpu(50), queue, per_pod, of_object])
        await world.use("500m")
        for pod in await plane.pods():
            world.given.set_pod(Key("default", pod["metadata"]["name"]), "hits", "5")
        world.given.set_object("default", "Ingress", "i", "rps", "100")
        world.given.set_external("default", "queue", "10", "20500m")
        await world.tick()
        assert await world.replicas() == 4
        assert "New size: 4; reason: external metric queue(nil) above target" in dict(await world.events()).values()
        shown = (await world.status())["currentMetrics"]
        assert [each["type"] for each in shown] == ["Resource", "External", "Pods", "Object"]
        assert shown[1]["external"]["current"] == {"averageValue": "15250m"}
        world.given.set_external("default", "queue", "1")
        world.given.set_object("default", "Ingress", "i", "rps", "1")
        for _ in range(25):
            for pod in await plane.pods():
                world.given.forget(Key("default", pod["metadata"]["name"]))
                world.given.set_pod(Key("default", pod["metadata"]["name"]), "hits", "1")
            await world.tick()
        assert await world.replicas() == 4
        assert (await world.conditions())["ScalingActive"] == ("False", "FailedGetResourceMetric")


async def test_rules_of_its_own_slow_it_down() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        policy = {"type": "Pods", "value": 1, "periodSeconds": 60}
        await world.begin(metrics=[cpu(50)], behavior={"scaleUp": {"policies": [policy]}})
        await world.use("900m")
        await world.tick()
        assert await world.replicas() == 3
        assert (await world.conditions())["ScalingLimited"] == ("True", "ScaleUpLimit")
        await world.use("900m")
        await world.tick()
        assert await world.replicas() == 3
        for _ in range(4):
            await world.use("900m")
            await world.tick()
        assert await world.replicas() == 4


async def test_two_autoscalers_of_the_same_pods_do_nothing() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(metrics=[cpu(50)])
        whole = await plane.get(HORIZONTALPODAUTOSCALERS, "h")
        body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "i"}}
        await plane.apply(HORIZONTALPODAUTOSCALERS, {**body, "spec": whole["spec"]})
        await world.use("900m")
        await world.tick()
        assert await world.replicas() == 2
        assert (await world.conditions())["ScalingActive"] == ("False", "AmbiguousSelector")
        message = "pods by selector app=web are controlled by multiple HPAs: [{h default} {i default}]"
        assert ("AmbiguousSelector", message) in await world.events()


async def test_what_cannot_be_scaled_is_said() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"})
        assert (await world.conditions())["AbleToScale"] == ("False", "FailedGetScale")
        assert ("FailedGetScale", 'deployments.apps "none" not found') in await world.events()


async def test_fewer_are_taken_as_fast_as_its_policies_allow() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        half = {"type": "Percent", "value": 50, "periodSeconds": 60}
        one = {"type": "Pods", "value": 1, "periodSeconds": 60}
        rules = {"stabilizationWindowSeconds": 0, "policies": [half, one], "selectPolicy": "Min"}
        await world.begin(replicas=4, metrics=[cpu(50)], behavior={"scaleDown": rules})
        await world.use("100m")
        await world.tick()
        assert await world.replicas() == 3
        assert (await world.conditions())["ScalingLimited"] == ("True", "ScaleDownLimit")
        assert await world.message("ScalingLimited") == (
            "the desired replica count is decreasing faster than the maximum scale rate"
        )
        for _ in range(4):
            await world.tick()
        assert await world.replicas() == 2


async def test_no_fewer_are_taken_where_that_is_disabled() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        rules = {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"}
        await world.begin(replicas=4, metrics=[cpu(50)], behavior={"scaleDown": rules})
        await world.use("1m")
        for _ in range(5):
            await world.tick()
        assert await world.replicas() == 4
        assert (await world.conditions())["ScalingLimited"] == ("True", "ScaleDownLimit")


async def test_more_may_have_to_be_wanted_for_a_while() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(metrics=[cpu(50)], behavior={"scaleUp": {"stabilizationWindowSeconds": 60}})
        await world.use("500m")
        await world.tick()
        await world.use("900m")
        await world.tick()
        assert await world.replicas() == 2
        assert (await world.conditions())["AbleToScale"] == ("True", "ScaleUpStabilized")
        assert await world.message("AbleToScale") == (
            "recent recommendations were lower than current one, applying the lowest recent recommendation"
        )
        for _ in range(4):
            await world.use("900m")
            await world.tick()
        assert await world.replicas() == 4


@pytest.mark.parametrize(
    ("behavior", "use", "replicas"),
    [
        pytest.param(None, "540m", 2, id="a tenth is near enough"),
        pytest.param(None, "600m", 3, id="more is not"),
        pytest.param({"scaleUp": {"tolerance": "0.5"}}, "700m", 2, id="half as much again is, if it wants it so"),
        pytest.param({"scaleUp": {"tolerance": "0"}}, "510m", 3, id="nothing is near enough"),
        pytest.param({"scaleUp": {"tolerance": "0"}}, "480m", 2, id="which says nothing of fewer"),
        pytest.param(
            {"scaleDown": {"tolerance": "0.6", "stabilizationWindowSeconds": 0}}, "220m", 2, id="fewer only for much"
        ),
        pytest.param(
            {"scaleDown": {"tolerance": "0.05", "stabilizationWindowSeconds": 0}}, "220m", 1, id="fewer for little"
        ),
    ],
)
async def test_tolerance(behavior: Obj | None, use: str, replicas: int) -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(metrics=[cpu(50)], behavior=behavior or {})
        await world.use(use)
        await world.tick()
        assert await world.replicas() == replicas


QUEUE = {
    "type": "External",
    "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "10"}},
}
AT_ONCE = {"scaleDown": {"stabilizationWindowSeconds": 0}}


async def test_what_nobody_needs_sleeps_until_somebody_does() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(minReplicas=0, metrics=[QUEUE], behavior=AT_ONCE)
        world.given.set_external("default", "queue", "0")
        await world.tick()
        assert await world.replicas() == 0
        assert (await world.conditions())["ScaledToZero"] == ("True", "ScaledToZero")
        await world.tick()
        assert (await world.replicas(), (await world.conditions())["ScalingActive"][0]) == (0, "True")
        world.given.set_external("default", "queue", "25")
        await world.tick()
        assert await world.replicas() == 3
        assert (await world.conditions())["ScaledToZero"] == ("False", "NotScaledToZero")


async def test_without_the_feature_nothing_is_said_of_sleep_and_nothing_wakes() -> None:
    async with running(BASE, features=features({"HPAScaleToZero": False})) as plane:
        world = World(plane)
        await world.begin(minReplicas=0, metrics=[QUEUE], behavior=AT_ONCE)
        world.given.set_external("default", "queue", "0")
        await world.tick()
        assert await world.replicas() == 0
        assert "ScaledToZero" not in await world.conditions()
        asleep = {"type": "ScaledToZero", "status": "True", "reason": "ScaledToZero"}
        told = [*(await world.status())["conditions"], asleep]
        patch: Obj = {"status": {"conditions": told}}
        await plane.client.patch(HORIZONTALPODAUTOSCALERS, "h", patch, "default", subresource="status")
        world.given.set_external("default", "queue", "25")
        await world.tick()
        assert await world.replicas() == 0
        found = await world.conditions()
        assert (found["ScalingActive"][1], found["ScaledToZero"][1]) == ("ScalingDisabled", "ScaledToZero")


async def test_what_somebody_switched_off_is_not_woken() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(minReplicas=0, metrics=[QUEUE])
        world.given.set_external("default", "queue", "25")
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}}, "default")
        await world.tick()
        assert await world.replicas() == 0
        assert (await world.conditions())["ScalingActive"] == ("False", "ScalingDisabled")


async def test_what_sleeps_wakes_when_it_is_to_sleep_no_more() -> None:
    async with running(BASE) as plane:
        world = World(plane)
        await world.begin(minReplicas=0, metrics=[QUEUE], behavior=AT_ONCE)
        world.given.set_external("default", "queue", "0")
        await world.tick()
        assert await world.replicas() == 0
        await plane.client.patch(HORIZONTALPODAUTOSCALERS, "h", {"spec": {"minReplicas": 2}}, "default")
        await world.tick()
        assert await world.replicas() == 2
