"""A Deployment under an autoscaler, and what its Pods use, on a clock that the test moves."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.autoscaling.horizontalpodautoscaler import HORIZONTALPODAUTOSCALERS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Key
from wherry.controllers.autoscaling.horizontalpodautoscaler.controller import controller
from wherry.controllers.autoscaling.horizontalpodautoscaler.given import GivenMetrics
from wherry.controllers.tests.plane import Plane, deployment, template, without

NAME = "horizontal-pod-autoscaler-controller"
BASE = without("pod-garbage-collector-controller", NAME)


class World:
    """A Deployment of a certain size under an autoscaler, and what its Pods use."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.metrics: GivenMetrics | None = None

    def make(self, client: Client) -> GivenMetrics:
        self.metrics = GivenMetrics(client.informer(PODS, Pod), self.plane.clock.time)
        return self.metrics

    @property
    def given(self) -> GivenMetrics:
        assert self.metrics is not None
        return self.metrics

    async def begin(self, replicas: int = 2, containers: tuple[str, ...] = ("main",), **spec: Any) -> None:
        await self.plane.start(lambda _: [controller(self.make)])
        made = template("web")
        model = {**made["spec"]["containers"][0], "resources": {"requests": {"cpu": "1"}}}
        made["spec"]["containers"] = [{**model, "name": name} for name in containers]
        await self.plane.apply(DEPLOYMENTS, deployment(replicas=replicas, template=made))
        await self.started()
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        whole = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 10, **spec}
        await self.plane.apply(
            HORIZONTALPODAUTOSCALERS,
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "h"},
                "spec": whole,
            },
        )

    async def started(self) -> None:
        """All Pods run since six minutes ago."""
        start = "2023-11-14T22:07:20Z"
        for pod in await self.plane.pods():
            if pod["status"].get("phase") == "Pending":
                await self.plane.set_phase(pod, "Running", ready=True, startTime=start)
        await self.plane.settle()

    async def use(self, cpu: str, container: str = "main") -> None:
        for pod in await self.plane.pods():
            self.given.use(Key("default", pod["metadata"]["name"]), container, {"cpu": cpu})

    async def count(self, metric: str, value: str) -> None:
        """All Pods say so much of a metric of their own."""
        for pod in await self.plane.pods():
            self.given.set_pod(Key("default", pod["metadata"]["name"]), metric, value)

    async def tick(self) -> None:
        await self.plane.pass_time(15)
        await self.started()

    async def replicas(self) -> int:
        return int((await self.plane.get(DEPLOYMENTS, "web"))["spec"]["replicas"])

    async def status(self) -> Obj:
        found: Obj = (await self.plane.get(HORIZONTALPODAUTOSCALERS, "h"))["status"]
        return found

    async def conditions(self) -> dict[str, tuple[str, str]]:
        return {c["type"]: (c["status"], c["reason"]) for c in (await self.status())["conditions"]}

    async def message(self, type: str) -> str:
        """Of a condition."""
        found: str = next(c["message"] for c in (await self.status())["conditions"] if c["type"] == type)
        return found

    async def events(self) -> list[tuple[str, str]]:
        found = [event for event in await self.plane.items(EVENTS) if event["involvedObject"]["name"] == "h"]
        return [(event["reason"], event["message"]) for event in found]


def cpu(percent: int) -> Obj:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def average(value: str) -> Obj:
    return {"type": "AverageValue", "averageValue": value}
