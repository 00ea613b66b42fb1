from __future__ import annotations

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.controllers.core.persistentvolume.tests.storage import claim, said, storage_class, volume
from wherry.controllers.tests.plane import Plane, only, running

LOOPS = only("persistentvolume-expander-controller", "persistentvolume-binder-controller")
WAITING = "didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC"


async def grow(plane: Plane, to: str) -> None:
    change = {"spec": {"resources": {"requests": {"storage": to}}}}
    await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", change, "default")
    await plane.settle()


async def test_a_claim_that_is_to_grow_waits_for_its_driver() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STORAGECLASSES, storage_class(allowVolumeExpansion=True))
        disk = volume("disk", csi={"driver": "disks.example.com", "volumeHandle": "h"})
        del disk["spec"]["hostPath"]
        await plane.apply(PERSISTENTVOLUMES, disk)
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        assert await said(plane, "data") == []
        await grow(plane, "2Gi")
        assert await said(plane, "data") == [("Normal", "ExternalExpanding", WAITING)]


async def test_what_nobody_can_grow_is_warned_of() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STORAGECLASSES, storage_class(allowVolumeExpansion=True))
        await plane.apply(PERSISTENTVOLUMES, volume("path"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await grow(plane, "2Gi")
        assert await said(plane, "data") == [("Warning", "ExternalExpanding", WAITING)]
