"""Pods go when their devices' taints are tolerated no longer, and rules say how far that is."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.features import features
from wherry.controllers.dra.resourceclaim.tests.test_controller import claim, pod
from wherry.controllers.tests.plane import Plane, only, running

BOTH = only("device-taint-eviction-controller", "device-taint-rule-controller")
DRIVER = "d.example.com"


async def holder(plane: Plane, name: str = "one", **tolerance: Any) -> Obj:
    """A Pod on a node that holds device dev-0 of the pool n1."""
    await plane.apply(RESOURCECLAIMS, claim(f"claim-{name}"))
    entry = {"name": "gpu", "resourceClaimName": f"claim-{name}"}
    created = await plane.apply(PODS, pod(name, entry, nodeName="n1"))
    found = await plane.get(RESOURCECLAIMS, f"claim-{name}")
    result: Obj = {"request": "gpu", "driver": DRIVER, "pool": "n1", "device": "dev-0"}
    if tolerance:
        result["tolerations"] = [{"operator": "Exists", "effect": "NoExecute", **tolerance}]
    consumer = {"resource": "pods", "name": name, "uid": created["metadata"]["uid"]}
    found["status"] = {"allocation": {"devices": {"results": [result]}}, "reservedFor": [consumer]}
    await plane.client.update(RESOURCECLAIMS, found, subresource="status")
    await plane.settle()
    return created


def rule(effect: str = "NoExecute", **selector: str) -> Obj:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceTaintRule",
        "metadata": {"name": "broken"},
        "spec": {"deviceSelector": selector, "taint": {"key": "broken", "effect": effect}},
    }


def published(*taints: Obj) -> Obj:
    pool = {"name": "n1", "generation": 1, "resourceSliceCount": 1}
    devices = [{"name": "dev-0", "taints": list(taints)}, {"name": "dev-1"}]
    spec = {"driver": DRIVER, "nodeName": "n1", "pool": pool, "devices": devices}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "s"}, "spec": spec}


async def alive(plane: Plane) -> list[str]:
    return [one["metadata"]["name"] for one in await plane.pods() if "deletionTimestamp" not in one["metadata"]]


async def told(plane: Plane) -> tuple[str, str, str]:
    (condition,) = (await plane.get(DEVICETAINTRULES, "broken"))["status"]["conditions"]
    assert condition["type"] == "EvictionInProgress"
    return condition["status"], condition["reason"], condition.get("message", "")


async def messages(plane: Plane) -> list[str]:
    return [one["message"] for one in await plane.items(EVENTS) if one["reason"] == "DeviceTaintManagerEviction"]


async def test_a_rule_evicts_at_once() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCESLICES, published())
        await holder(plane)
        await plane.apply(DEVICETAINTRULES, rule(driver="other.example.com"))
        assert await alive(plane) == ["one"]
        await plane.client.delete(DEVICETAINTRULES, "broken")
        await plane.apply(DEVICETAINTRULES, rule(driver=DRIVER, device="dev-0"))
        assert await alive(plane) == []
        (left,) = await plane.pods()
        (condition,) = [one for one in left["status"]["conditions"] if one["type"] == "DisruptionTarget"]
        assert (condition["reason"], condition["message"]) == (
            "DeletionByDeviceTaintManager",
            "Device Taint manager: deleting due to NoExecute taint",
        )
        assert await messages(plane) == ["Marking for deletion"]
        await plane.end_pod(left)
        await plane.pass_time(11)
        assert await told(plane) == ("False", "Completed", "1 pod evicted since starting the controller.")


async def test_rules_evict_nobody_while_their_feature_is_off() -> None:
    async with running(BOTH, features=features({"DRADeviceTaintRules": False})) as plane:
        await plane.apply(RESOURCESLICES, published())
        await holder(plane)
        await plane.apply(DEVICETAINTRULES, rule(driver=DRIVER, device="dev-0"))
        assert await alive(plane) == ["one"]
        fresh = await plane.get(RESOURCESLICES, "s")
        fresh["spec"]["devices"][0]["taints"] = [{"key": "unhealthy", "effect": "NoExecute"}]
        await plane.client.update(RESOURCESLICES, fresh)
        await plane.settle()
        assert await alive(plane) == []


async def test_taints_evict_nobody_while_their_feature_is_off() -> None:
    off = features({"DRADeviceTaints": False, "DRADeviceTaintRules": False})
    async with running(BOTH, features=off) as plane:
        await holder(plane)
        await plane.apply(RESOURCESLICES, published({"key": "unhealthy", "effect": "NoExecute"}))
        assert await alive(plane) == ["one"]


async def test_what_is_tolerated_for_a_while() -> None:
    async with running(BOTH) as plane:
        await holder(plane, tolerationSeconds=60)
        await holder(plane, "ever")
        await plane.client.delete(PODS, "ever", "default", grace_seconds=0)
        await holder(plane, "patient", key="broken")
        await plane.apply(DEVICETAINTRULES, rule(driver=DRIVER))
        assert await told(plane) == ("True", "PodsPendingEviction", "1 pod needs to be evicted in 1 namespace.")
        await plane.pass_time(59)
        assert await alive(plane) == ["one", "patient"]
        await plane.pass_time(2)
        assert await alive(plane) == ["patient"]


async def test_a_taint_that_goes_in_time() -> None:
    async with running(BOTH) as plane:
        await holder(plane, tolerationSeconds=60)
        await plane.apply(DEVICETAINTRULES, rule(driver=DRIVER))
        await plane.client.delete(DEVICETAINTRULES, "broken")
        await plane.pass_time(100)
        assert await alive(plane) == ["one"]
        assert await messages(plane) == ["Cancelling deletion"]


async def test_a_driver_taints_its_device() -> None:
    async with running(BOTH) as plane:
        await holder(plane)
        await plane.apply(RESOURCESLICES, published({"key": "unhealthy", "effect": "NoSchedule"}))
        assert await alive(plane) == ["one"]
        fresh = await plane.get(RESOURCESLICES, "s")
        fresh["spec"]["devices"][0]["taints"] = [{"key": "unhealthy", "effect": "NoExecute"}]
        await plane.client.update(RESOURCESLICES, fresh)
        await plane.settle()
        assert await alive(plane) == []


async def test_what_a_rule_without_effect_would_do() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCESLICES, published())
        await holder(plane)
        await plane.apply(DEVICETAINTRULES, rule("None", driver=DRIVER))
        assert await alive(plane) == ["one"]
        text = (
            "2 published devices selected. 1 allocated device selected. 1 pod would be evicted in 1 namespace "
            "if the effect was NoExecute. This information will not be updated again. "
            "Recreate the DeviceTaintRule to trigger an update."
        )
        assert await told(plane) == ("False", "NoEffect", text)


async def test_other_effects() -> None:
    async with running(BOTH) as plane:
        await holder(plane)
        await plane.apply(DEVICETAINTRULES, rule("NoSchedule", driver=DRIVER))
        assert await alive(plane) == ["one"]
        assert await told(plane) == ("False", "OtherEffect", "Eviction only happens for the NoExecute effect.")
