"""Pods of which it was said that they would be disrupted, and nobody did it."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.controllers.tests.plane import Plane, only, running, template
from wherry.lib.clock import format_time


async def announced(plane: Plane, reason: str = "EvictionByEvictionAPI") -> None:
    pod: Obj = {"apiVersion": "v1", "kind": "Pod", **template("web")}
    pod["metadata"] = {**pod["metadata"], "name": "web"}
    await plane.apply(PODS, pod)
    moment = format_time(plane.clock.time())
    target = {"type": "DisruptionTarget", "status": "True", "reason": reason, "lastTransitionTime": moment}
    status = {"phase": "Running", "conditions": [target]}
    await plane.client.patch(PODS, "web", {"status": status}, "default", subresource="status")
    await plane.settle()


async def target(plane: Plane) -> str:
    conditions = (await plane.get(PODS, "web"))["status"]["conditions"]
    return next(str(each["status"]) for each in conditions if each["type"] == "DisruptionTarget")


@pytest.mark.parametrize("reason", ["EvictionByEvictionAPI", "PreemptionByScheduler"])
async def test_it_is_taken_back_after_two_minutes(reason: str) -> None:
    async with running(only("stale-pod-disruption-controller")) as plane:
        await announced(plane, reason)
        await plane.pass_time(119)
        assert await target(plane) == "True"
        await plane.pass_time(2)
        assert await target(plane) == "False"
