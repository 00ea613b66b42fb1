from __future__ import annotations

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.controllers.core.persistentvolume.tests.storage import claim, volume
from wherry.controllers.tests.plane import Plane, only, running

LOOPS = only(
    "persistentvolume-protection-controller",
    "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller",
)


async def names(plane: Plane) -> list[str]:
    return [item["metadata"]["name"] for item in await plane.items(PERSISTENTVOLUMES)]


async def test_a_volume_goes_once_its_claim_has_gone() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        await plane.apply(PERSISTENTVOLUMES, volume("other", storageClassName="else"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        for name in ("mine", "other"):
            await plane.client.delete(PERSISTENTVOLUMES, name)
        await plane.settle()
        assert await names(plane) == ["mine"]
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await plane.settle()
        assert await names(plane) == []


async def test_a_finalizer_that_was_taken_off_comes_back() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        await plane.client.patch(PERSISTENTVOLUMES, "mine", {"metadata": {"finalizers": None}})
        await plane.settle()
        kept = await plane.get(PERSISTENTVOLUMES, "mine")
        assert kept["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
