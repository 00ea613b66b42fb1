from __future__ import annotations

import pytest

from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.api.features import features
from wherry.controllers.core.persistentvolume.tests.storage import claim, pod
from wherry.controllers.tests.plane import Plane, only, running

LOOPS = only("persistentvolumeclaim-protection-controller")


async def drop(plane: Plane, name: str = "data") -> None:
    await plane.client.delete(PERSISTENTVOLUMECLAIMS, name, "default")
    await plane.settle()


async def is_there(plane: Plane, name: str = "data") -> bool:
    try:
        await plane.get(PERSISTENTVOLUMECLAIMS, name)
    except NotFound:
        return False
    return True


async def test_a_claim_that_nobody_uses_goes_at_once() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        kept = await plane.get(PERSISTENTVOLUMECLAIMS, "data")
        assert kept["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
        await drop(plane)
        assert not await is_there(plane)


@pytest.mark.parametrize("phase", ["Running", "Succeeded"])
async def test_a_claim_in_use_waits_for_the_pod_to_go(phase: str) -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        user = await plane.apply(PODS, pod(nodeName="node-1"))
        await plane.set_phase(user, phase)
        await drop(plane)
        assert await is_there(plane)
        await plane.end_pod(user)
        await plane.settle()
        assert not await is_there(plane)


async def test_a_pod_without_a_node_does_not_keep_its_claim() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await plane.apply(PODS, pod())
        await drop(plane)
        assert not await is_there(plane)


async def test_an_ephemeral_volume_keeps_only_its_own_claim() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim("web-data"))
        source = {"volumeClaimTemplate": {"spec": claim()["spec"]}}
        await plane.apply(PODS, pod(nodeName="node-1", volumes=[{"name": "data", "ephemeral": source}]))
        await drop(plane, "web-data")
        assert not await is_there(plane, "web-data")


async def unused(plane: Plane) -> tuple[str, str, str] | None:
    status = (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["status"]
    found = [one for one in status.get("conditions", ()) if one["type"] == "Unused"]
    return (found[0]["status"], found[0]["reason"], found[0]["lastTransitionTime"]) if found else None


async def test_a_bound_claim_says_since_when_nobody_wants_it() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        assert await unused(plane) is None
        bound = {"status": {"phase": "Bound", "conditions": [{"type": "Resizing", "status": "True"}]}}
        await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", bound, "default", subresource="status")
        await plane.settle()
        assert await unused(plane) == ("True", "NoPodsUsingPVC", "2023-11-14T22:13:20Z")
        await plane.pass_time(60)
        user = await plane.apply(PODS, pod())
        assert await unused(plane) == ("False", "PodUsingPVC", "2023-11-14T22:14:20Z")
        await plane.pass_time(60)
        await plane.set_phase(user, "Succeeded")
        await plane.settle()
        assert await unused(plane) == ("True", "NoPodsUsingPVC", "2023-11-14T22:15:20Z")
        await plane.pass_time(60)
        await plane.end_pod(user)
        await plane.settle()
        assert await unused(plane) == ("True", "NoPodsUsingPVC", "2023-11-14T22:15:20Z")
        kept = (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["status"]["conditions"]
        assert [one["type"] for one in kept] == ["Resizing", "Unused"]


async def test_a_claim_says_nothing_of_its_use_while_the_feature_is_off() -> None:
    async with running(LOOPS, features=features({"PersistentVolumeClaimUnusedSinceTime": False})) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        bound = {"status": {"phase": "Bound"}}
        await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", bound, "default", subresource="status")
        await plane.settle()
        assert await unused(plane) is None
