from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.controllers.tests.plane import Plane, only, running
from wherry.providers.simulated.volumes import provisioner
from wherry.testing.eventloop import settle

LOOPS = only(
    "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller",
    "persistentvolume-protection-controller",
)


@asynccontextmanager
async def provisioned(delay: float = 0.0) -> AsyncIterator[Plane]:
    async with running(LOOPS) as plane:
        made = provisioner(plane.client, plane.clock, random.Random(7), delay)
        await made.start()
        try:
            yield plane
        finally:
            await made.close()


def claim(name: str = "data", **spec: Any) -> Obj:
    whole = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    whole.setdefault("storageClassName", "standard")
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": whole}


async def rest(plane: Plane) -> None:
    for _ in range(20):
        await settle()
    await plane.settle()


async def test_a_claim_gets_a_volume_and_takes_it_along() -> None:
    async with provisioned() as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await rest(plane)
        mine = await plane.get(PERSISTENTVOLUMECLAIMS, "data")
        status = mine["status"]
        assert [one["reason"] for one in status.pop("conditions")] == ["NoPodsUsingPVC"]
        assert status == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
        [volume] = await plane.items(PERSISTENTVOLUMES)
        assert volume["metadata"]["name"] == f"pvc-{mine['metadata']['uid']}"
        assert volume["status"]["phase"] == "Bound"
        reasons = sorted(event["reason"] for event in await plane.items(EVENTS))
        assert reasons == ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"]
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await rest(plane)
        assert await plane.items(PERSISTENTVOLUMES) == []


async def test_a_volume_may_take_its_time() -> None:
    async with provisioned(delay=5) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await plane.pass_time(4)
        assert await plane.items(PERSISTENTVOLUMES) == []
        await plane.pass_time(2)
        await rest(plane)
        assert (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["status"]["phase"] == "Bound"


async def test_a_claim_grows_when_told_to() -> None:
    async with provisioned() as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await rest(plane)
        larger = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
        await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", larger, "default")
        await rest(plane)
        assert (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["status"]["capacity"] == {"storage": "3Gi"}
        [volume] = await plane.items(PERSISTENTVOLUMES)
        assert volume["spec"]["capacity"] == {"storage": "3Gi"}


async def test_a_class_that_waits_is_waited_with() -> None:
    async with provisioned() as plane:
        late = {**(await plane.get(STORAGECLASSES, "standard")), "volumeBindingMode": "WaitForFirstConsumer"}
        late["metadata"] = {"name": "late"}
        await plane.apply(STORAGECLASSES, late)
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim(storageClassName="late"))
        await rest(plane)
        assert await plane.items(PERSISTENTVOLUMES) == []
        chosen = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "node-1"}}}
        await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", chosen, "default")
        await rest(plane)
        assert (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["status"]["phase"] == "Bound"
