from __future__ import annotations

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.volumeattributesclass import VOLUMEATTRIBUTESCLASSES
from wherry.controllers.core.persistentvolume.tests.storage import claim
from wherry.controllers.storage.volumeattributesclass.controller import FINALIZER
from wherry.controllers.tests.plane import Plane, only, running

LOOPS = only("volumeattributesclass-protection-controller", "persistentvolumeclaim-protection-controller")
FAST = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "VolumeAttributesClass",
    "metadata": {"name": "fast"},
    "driverName": "disks.example.com",
    "parameters": {"iops": "5000"},
}


async def names(plane: Plane) -> list[str]:
    return [item["metadata"]["name"] for item in await plane.items(VOLUMEATTRIBUTESCLASSES)]


async def test_a_class_that_a_claim_wants_stays() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(VOLUMEATTRIBUTESCLASSES, FAST)
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim(volumeAttributesClassName="fast"))
        await plane.client.delete(VOLUMEATTRIBUTESCLASSES, "fast")
        await plane.settle()
        assert await names(plane) == ["fast"]
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await plane.settle()
        assert await names(plane) == []


async def test_a_class_that_a_volume_has_stays() -> None:
    async with running(only("volumeattributesclass-protection-controller")) as plane:
        await plane.apply(VOLUMEATTRIBUTESCLASSES, FAST)
        source = {"driver": "disks.example.com", "volumeHandle": "v1"}
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "csi": source,
            "volumeAttributesClassName": "fast",
        }
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}
        await plane.apply(PERSISTENTVOLUMES, volume)
        await plane.client.delete(VOLUMEATTRIBUTESCLASSES, "fast")
        await plane.settle()
        assert await names(plane) == ["fast"]
        await plane.client.delete(PERSISTENTVOLUMES, "v")
        await plane.settle()
        assert await names(plane) == []


async def test_a_class_that_nobody_uses_goes_at_once() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(VOLUMEATTRIBUTESCLASSES, FAST)
        assert (await plane.items(VOLUMEATTRIBUTESCLASSES))[0]["metadata"]["finalizers"] == [FINALIZER]
        await plane.client.delete(VOLUMEATTRIBUTESCLASSES, "fast")
        await plane.settle()
        assert await names(plane) == []
