from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.controllers.core.persistentvolume.tests.storage import claim, pod, said, volume
from wherry.controllers.tests.plane import Plane, only, running
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

LOOPS = only("persistentvolume-binder-controller")


async def release(plane: Plane) -> None:
    await plane.apply(PERSISTENTVOLUMES, volume("mine", persistentVolumeReclaimPolicy="Recycle"))
    await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
    await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", {"metadata": {"finalizers": None}}, "default")
    await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
    await plane.settle()


async def status(plane: Plane) -> tuple[str, str]:
    found: Obj = (await plane.get(PERSISTENTVOLUMES, "mine"))["status"]
    return found["phase"], found.get("message", "")


async def test_a_pod_clears_the_volume_and_it_is_to_be_had_again() -> None:
    async with running(LOOPS) as plane:
        await release(plane)
        [found] = await plane.pods()
        assert found["metadata"]["name"] == "recycler-for-mine"
        assert found["spec"]["volumes"][0]["hostPath"] == {"path": "/srv/mine", "type": ""}
        assert (found["spec"]["restartPolicy"], found["spec"]["activeDeadlineSeconds"]) == ("Never", 60)
        assert await status(plane) == ("Released", "")
        await plane.set_phase(found, "Running")
        await plane.settle()
        assert await status(plane) == ("Released", "")
        await plane.set_phase(found, "Succeeded")
        await plane.settle()
        assert (await status(plane), await plane.pods()) == (("Available", ""), [])
        assert "claimRef" not in (await plane.get(PERSISTENTVOLUMES, "mine"))["spec"]
        assert await said(plane, "mine") == [("Normal", "VolumeRecycled", "Volume recycled")]
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim("next"))
        assert (await plane.get(PERSISTENTVOLUMECLAIMS, "next"))["spec"]["volumeName"] == "mine"


async def test_a_pod_that_fails_is_followed_by_another() -> None:
    async with running(LOOPS) as plane:
        await release(plane)
        await plane.set_phase((await plane.pods())[0], "Failed", message="no room to sweep")
        await plane.settle()
        why = "Recycle failed: no room to sweep"
        assert (await status(plane), await plane.pods()) == (("Failed", why), [])
        assert await said(plane, "mine") == [("Warning", "VolumeFailedRecycle", why)]
        await plane.pass_time(119)
        assert await plane.pods() == []
        await plane.pass_time(2)
        await plane.set_phase((await plane.pods())[0], "Succeeded")
        await plane.settle()
        assert await status(plane) == ("Available", "")


async def test_who_still_uses_a_volume_is_waited_for() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PODS, pod())
        await release(plane)
        assert [each["metadata"]["name"] for each in await plane.pods()] == ["web"]
        assert await said(plane, "mine") == [("Normal", "VolumeFailedRecycle", "Volume is used by pods: default/web")]
        await plane.client.delete(PODS, "web", "default", grace_seconds=0)
        await plane.pass_time(16)
        assert [each["metadata"]["name"] for each in await plane.pods()] == ["recycler-for-mine"]


async def test_a_pod_that_somebody_deletes_is_followed_by_another() -> None:
    async with running(LOOPS) as plane:
        await release(plane)
        [first] = await plane.pods()
        await plane.client.delete(PODS, "recycler-for-mine", "default", grace_seconds=0)
        await plane.settle()
        [second] = await plane.pods()
        assert second["metadata"]["uid"] != first["metadata"]["uid"]
        await plane.set_phase(second, "Succeeded")
        await plane.settle()
        assert await status(plane) == ("Available", "")


async def test_one_failure_after_another_is_waited_out() -> None:
    async with running(LOOPS) as plane:
        await release(plane)
        for _ in range(3):
            [found] = await plane.pods()
            await plane.set_phase(found, "Failed", message="no room to sweep")
            await plane.pass_time(119)
            assert (await status(plane), await plane.pods()) == (("Failed", "Recycle failed: no room to sweep"), [])
            await plane.pass_time(2)
        await plane.set_phase((await plane.pods())[0], "Succeeded")
        await plane.settle()
        assert await status(plane) == ("Available", "")


async def test_a_pod_that_cannot_be_made_is_tried_for_again_and_again() -> None:
    gate = Faults(ManualClock())
    async with running(LOOPS, gate=gate) as plane:
        gate.fail_next("create", "pods", times=3)
        await release(plane)
        await plane.pass_time(359)
        assert await plane.pods() == []
        await plane.pass_time(2)
        await plane.set_phase((await plane.pods())[0], "Succeeded")
        await plane.settle()
        assert await status(plane) == ("Available", "")


async def test_the_pod_is_gone_before_the_volume_is_given_away() -> None:
    """However often it has to be asked for."""
    gate = Faults(ManualClock())
    async with running(LOOPS, gate=gate) as plane:
        await release(plane)
        fault = gate.fail_next("delete", "pods", times=3)
        await plane.set_phase((await plane.pods())[0], "Succeeded")
        await plane.settle()
        assert (await status(plane))[0] == "Released"
        await plane.pass_time(5)
        assert fault.hits == 3
        assert (await status(plane), await plane.pods()) == (("Available", ""), [])
