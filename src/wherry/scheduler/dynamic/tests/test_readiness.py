"""Pods wait for devices that are prepared when their node is known, and give up those that are not ready in time."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.types.decoding import convert
from wherry.api.types.resource_v1 import ResourceClaim
from wherry.scheduler.configuration import Configuration, ProfileSettings
from wherry.scheduler.dynamic.readiness import NotReady, is_ready
from wherry.scheduler.queue import Place
from wherry.scheduler.tests.scene import Scene, scene

DRIVER = "gpu.example.com"
SLOW = {"bindingConditions": ["Attached", "Powered"], "bindingFailureConditions": ["Broken", "Lost"]}


def of(kind: str, name: str, spec: Any) -> Obj:
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


async def offer(at: Scene, pool: str, **device: Any) -> None:
    """A device that is reached from node n1."""
    spec: Obj = {"driver": DRIVER, "nodeName": "n1", "devices": [{"name": "dev", **device}]}
    spec["pool"] = {"name": pool, "generation": 1, "resourceSliceCount": 1}
    await at.client.create(RESOURCESLICES, of("ResourceSlice", pool, spec))
    await at.settle()


async def begin(at: Scene) -> None:
    """A Pod that wants a device that has to be prepared."""
    await at.node("n1")
    selector = {"cel": {"expression": f'device.driver == "{DRIVER}"'}}
    await at.client.create(DEVICECLASSES, of("DeviceClass", "gpu", {"selectors": [selector]}))
    requests = [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]
    await at.client.create(RESOURCECLAIMS, of("ResourceClaim", "c", {"devices": {"requests": requests}}), "default")
    await offer(at, "slow", **SLOW)
    await at.pod("p", resourceClaims=[{"name": "c", "resourceClaimName": "c"}])


async def says(at: Scene, **conditions: str) -> None:
    """The driver tells how far the device is."""
    device = {
        "driver": DRIVER,
        "pool": "slow",
        "device": "dev",
        "conditions": [
            {"type": name, "status": "True", "reason": reason, "message": "it is so", "lastTransitionTime": AT}
            for name, reason in conditions.items()
        ],
    }
    found = await claim(at)
    found["status"]["devices"] = [device]
    await at.client.update(RESOURCECLAIMS, found, subresource="status")
    await at.settle()


AT = "2026-01-01T00:00:00Z"


async def claim(at: Scene) -> Obj:
    return await at.client.get(RESOURCECLAIMS, "c", "default")


async def place(at: Scene) -> Place:
    return at.scheduler.queue.place((await at.get("p"))["metadata"]["uid"])


async def test_a_pod_is_bound_when_its_devices_are_ready() -> None:
    async with scene() as at:
        await begin(at)
        status = (await claim(at))["status"]
        (result,) = status["allocation"]["devices"]["results"]
        assert {key: result[key] for key in SLOW} == SLOW
        assert [one["name"] for one in status["reservedFor"]] == ["p"]
        pending = ("BindingConditionsPending", "waiting for binding conditions for device on node n1")
        assert await at.events("p") == [pending]
        assert (await at.get("p"))["status"]["nominatedNodeName"] == "n1"
        await says(at, Attached="Done")
        await at.pass_time(60)
        assert (await at.home("p"), await place(at)) == ("", Place.IN_FLIGHT)
        await says(at, Attached="Done", Powered="Done")
        assert await at.home("p") == "n1"


async def test_what_failed_is_given_up_for_something_else() -> None:
    async with scene() as at:
        await begin(at)
        await says(at, Attached="Done", Lost="NoCable")
        why = 'claim c binding failed: reason=NoCable, message="it is so"'
        assert (await at.events("p"))[1:] == [("FailedScheduling", f'running PreBind plugin "DynamicResources": {why}')]
        assert await place(at) is Place.BACKING_OFF
        await offer(at, "fast")
        await at.pass_time(1)
        assert (
            "resourceclaim not available on the node. deallocation of ResourceClaim completed"
            in ((await at.events("p"))[2][1])
        )
        await at.pass_time(5)
        assert await at.home("p") == "n1"
        status = (await claim(at))["status"]
        assert [one["pool"] for one in status["allocation"]["devices"]["results"]] == ["fast"]
        assert "devices" not in status


@pytest.mark.parametrize("seconds", [20, 600])
async def test_devices_have_so_much_time_to_be_ready(seconds: int) -> None:
    args = {"DynamicResources": {"bindingTimeout": f"{seconds}s"}} if seconds != 600 else {}
    async with scene(Configuration(profiles=(ProfileSettings(args=args),))) as at:
        await begin(at)
        await at.clock.advance(seconds - 1)
        await at.settle()
        assert await place(at) is Place.IN_FLIGHT
        await at.pass_time(1)
        message = 'running PreBind plugin "DynamicResources": device binding timeout'
        assert ("FailedScheduling", message) in await at.events("p")


async def test_what_needs_no_preparation_is_taken_first() -> None:
    async with scene() as at:
        await begin(at)
        await at.delete("p")
        found = await claim(at)
        found["status"] = {}
        await at.client.update(RESOURCECLAIMS, found, subresource="status")
        await offer(at, "unhurried")
        await at.pod("q", resourceClaims=[{"name": "c", "resourceClaimName": "c"}])
        assert await at.home("q") == "n1"
        (result,) = (await claim(at))["status"]["allocation"]["devices"]["results"]
        assert result["pool"] == "unhurried"


def made(results: list[Obj], devices: list[Obj]) -> ResourceClaim:
    allocation = {"devices": {"results": results}}
    return convert(ResourceClaim, {"metadata": {"name": "c"}, "status": {"allocation": allocation, "devices": devices}})


def device(of: str, **conditions: str) -> Obj:
    told = [{"type": name, "status": status, "reason": "R", "message": "m"} for name, status in conditions.items()]
    return {"driver": "d", "pool": "p", "device": of, "conditions": told}


def given(name: str, **more: Any) -> Obj:
    return {"driver": "d", "pool": "p", "device": name, "request": "r", **more}


CASES: dict[str, tuple[list[Obj], list[Obj], bool]] = {
    "nothing to prepare": ([given("a")], [], True),
    "nothing is said yet": ([given("a", **SLOW)], [], False),
    "of another device": ([given("a", **SLOW)], [device("b", Attached="True", Powered="True")], False),
    "half": ([given("a", **SLOW)], [device("a", Attached="True")], False),
    "not any more": ([given("a", **SLOW)], [device("a", Attached="True", Powered="False")], False),
    "all": ([given("a", **SLOW)], [device("a", Attached="True", Powered="True")], True),
    "all, and no failure": ([given("a", **SLOW)], [device("a", Attached="True", Powered="True", Lost="False")], True),
    "one of two devices": (
        [given("a", **SLOW), given("b", **SLOW)],
        [device("a", Attached="True", Powered="True")],
        False,
    ),
}


@pytest.mark.parametrize(("results", "devices", "ready"), CASES.values(), ids=CASES)
def test_ready(results: list[Obj], devices: list[Obj], ready: bool) -> None:
    assert is_ready(made(results, devices)) is ready


def test_failed() -> None:
    with pytest.raises(NotReady, match='claim c binding failed: reason=R, message="m"'):
        is_ready(made([given("a", **SLOW)], [device("a", Attached="True", Powered="True", Broken="True")]))
