from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.controllers.core.persistentvolume.tests.storage import claim, pod, said, storage_class, volume
from wherry.controllers.tests.plane import Plane, only, running

LOOPS = only("persistentvolume-binder-controller")
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


async def phases(plane: Plane) -> dict[str, str]:
    """By name, of volumes and claims."""
    found = [*await plane.items(PERSISTENTVOLUMES), *await plane.items(PERSISTENTVOLUMECLAIMS)]
    return {obj["metadata"]["name"]: obj["status"]["phase"] for obj in found}


async def bound(plane: Plane, name: str = "data") -> str:
    return str((await plane.get(PERSISTENTVOLUMECLAIMS, name))["spec"].get("volumeName", ""))


async def test_the_smallest_volume_that_suffices_is_bound() -> None:
    async with running(LOOPS) as plane:
        for name, size in (("large", "10Gi"), ("small", "1Gi"), ("middle", "5Gi")):
            await plane.apply(PERSISTENTVOLUMES, volume(name, size))
        assert await phases(plane) == {"large": "Available", "small": "Available", "middle": "Available"}
        made = await plane.apply(PERSISTENTVOLUMECLAIMS, claim(storage="3Gi"))
        taken, mine = await plane.get(PERSISTENTVOLUMES, "middle"), await plane.get(PERSISTENTVOLUMECLAIMS, "data")
        reference = taken["spec"]["claimRef"]
        assert (reference["namespace"], reference["name"], reference["uid"]) == (
            "default",
            "data",
            made["metadata"]["uid"],
        )
        assert taken["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
        assert taken["status"]["phase"] == "Bound"
        assert mine["spec"]["volumeName"] == "middle"
        assert mine["metadata"]["annotations"] == {
            "pv.kubernetes.io/bind-completed": "yes",
            "pv.kubernetes.io/bound-by-controller": "yes",
        }
        assert mine["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}}


async def test_a_claim_waits_for_a_volume_that_suits() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim(storageClassName=""))
        why = "no persistent volumes available for this claim and no storage class is set"
        assert await said(plane, "data") == [("Normal", "FailedBinding", why)]
        await plane.apply(PERSISTENTVOLUMES, volume("other"))
        assert await bound(plane) == ""
        await plane.apply(PERSISTENTVOLUMES, volume("mine", storageClassName=None))
        assert await bound(plane) == "mine"


async def test_a_reserved_volume_waits_for_its_claim() -> None:
    async with running(LOOPS) as plane:
        reserved = {"namespace": "default", "name": "data"}
        await plane.apply(PERSISTENTVOLUMES, volume("mine", "2Gi", claimRef=reserved))
        await plane.apply(PERSISTENTVOLUMES, volume("fitting"))
        assert (await phases(plane))["mine"] == "Available"
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        assert await bound(plane) == "mine"
        assert "annotations" not in (await plane.get(PERSISTENTVOLUMES, "mine"))["metadata"]


async def test_a_claim_may_name_its_volume() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim(volumeName="mine"))
        assert (await phases(plane)) == {"data": "Pending"}
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        assert (await phases(plane)) == {"mine": "Bound", "data": "Bound"}
        marks = (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["metadata"]["annotations"]
        assert marks == {"pv.kubernetes.io/bind-completed": "yes"}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"capacity": {"storage": "1Mi"}}, "requested PV is too small"),
        ({"storageClassName": "fast"}, "storageClassName does not match"),
        ({"volumeMode": "Block"}, "incompatible volumeMode"),
        ({"accessModes": ["ReadOnlyMany"]}, "incompatible accessMode"),
    ],
    ids=["size", "class", "mode", "access"],
)
async def test_a_volume_asked_for_by_name_must_suit(given: Obj, why: str) -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMES, volume("mine", **given))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim(volumeName="mine"))
        message = f'Cannot bind to requested volume "mine": {why}'
        assert ("Warning", "VolumeMismatch", message) in await said(plane, "data")
        assert (await phases(plane))["data"] == "Pending"


async def test_who_comes_second_to_a_volume_is_told() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim("first"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim("second", volumeName="mine"))
        note = ("Warning", "FailedBinding", 'volume "mine" already bound to a different claim.')
        assert note in await said(plane, "second")
        assert await phases(plane) == {"mine": "Bound", "first": "Bound", "second": "Pending"}


@pytest.mark.parametrize(
    ("policy", "path", "phase", "events"),
    [
        ("Retain", "/srv/x", "Released", []),
        (
            "Delete",
            "/srv/x",
            "Failed",
            [
                (
                    "Warning",
                    "VolumeFailedDelete",
                    "host_path deleter only supports /tmp/.+ but received provided /srv/x",
                )
            ],
        ),
    ],
    ids=["retain", "delete"],
)
async def test_a_volume_whose_claim_goes_is_released(policy: str, path: str, phase: str, events: list[Any]) -> None:
    async with running(LOOPS) as plane:
        kept = volume("mine", hostPath={"path": path}, persistentVolumeReclaimPolicy=policy)
        await plane.apply(PERSISTENTVOLUMES, kept)
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await plane.settle()
        assert await phases(plane) == {"mine": phase}
        assert await said(plane, "mine") == events


async def test_a_released_volume_is_not_given_to_a_claim_of_the_same_name() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await plane.settle()
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        assert await phases(plane) == {"mine": "Released", "data": "Pending"}
        await plane.client.patch(PERSISTENTVOLUMES, "mine", {"spec": {"claimRef": None}})
        await plane.settle()
        assert await phases(plane) == {"mine": "Bound", "data": "Bound"}


async def test_deletable_volumes_go_with_their_claim() -> None:
    async with running(LOOPS) as plane:
        given = volume("mine", hostPath={"path": "/tmp/x"}, persistentVolumeReclaimPolicy="Delete")
        await plane.apply(PERSISTENTVOLUMES, given)
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await plane.settle()
        assert await phases(plane) == {}


async def test_a_claim_without_its_volume_is_lost() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        await plane.client.delete(PERSISTENTVOLUMES, "mine")
        await plane.settle()
        lost = await plane.get(PERSISTENTVOLUMECLAIMS, "data")
        assert lost["status"] == {"phase": "Lost"}
        why = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
        assert await said(plane, "data") == [("Warning", "ClaimLost", why)]


async def test_a_provisioner_is_asked() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        missing = 'storageclass.storage.k8s.io "slow" not found'
        assert await said(plane, "data") == [("Warning", "ProvisioningFailed", missing)]
        await plane.apply(STORAGECLASSES, storage_class())
        marks = (await plane.get(PERSISTENTVOLUMECLAIMS, "data"))["metadata"]["annotations"]
        assert marks == {
            "volume.beta.kubernetes.io/storage-provisioner": "example.com/disks",
            "volume.kubernetes.io/storage-provisioner": "example.com/disks",
        }
        asked = {event for event in await said(plane, "data") if event[1] == "ExternalProvisioning"}
        message = (
            "Waiting for a volume to be created either by the external provisioner 'example.com/disks' or manually by "
            "the system administrator. If volume creation is delayed, please verify that the provisioner is running "
            "and correctly registered."
        )
        assert asked == {("Normal", "ExternalProvisioning", message)}


async def test_a_class_may_wait_for_the_first_consumer() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STORAGECLASSES, storage_class(volumeBindingMode="WaitForFirstConsumer"))
        await plane.apply(PERSISTENTVOLUMES, volume("mine"))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        why = "waiting for first consumer to be created before binding"
        assert await said(plane, "data") == [("Normal", "WaitForFirstConsumer", why)]
        await plane.apply(PODS, pod())
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        await plane.client.patch(PODS, "web", {"status": {"conditions": [condition]}}, "default", subresource="status")
        await plane.settle()
        waiting = ("Normal", "WaitForPodScheduled", "waiting for pod web to be scheduled")
        assert waiting in await said(plane, "data")
        assert await bound(plane) == ""
        chosen = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "node-1"}}}
        await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data", chosen, "default")
        await plane.settle()
        assert (await said(plane, "data"))[-1][1] == "ExternalProvisioning"


async def test_the_default_class_is_given_to_who_said_nothing() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim("none", storageClassName=""))
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim("any", storageClassName=None))
        given = storage_class("standard")
        given["metadata"]["annotations"] = DEFAULT
        await plane.apply(STORAGECLASSES, given)
        assert (await plane.get(PERSISTENTVOLUMECLAIMS, "any"))["spec"]["storageClassName"] == "standard"
        assert (await plane.get(PERSISTENTVOLUMECLAIMS, "none"))["spec"]["storageClassName"] == ""


async def test_a_provisioned_volume_is_bound_to_its_claim() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STORAGECLASSES, storage_class())
        made = await plane.apply(PERSISTENTVOLUMECLAIMS, claim())
        reference = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": "default",
            "name": "data",
            "uid": made["metadata"]["uid"],
        }
        fresh = volume("pvc-1", claimRef=reference, persistentVolumeReclaimPolicy="Delete")
        fresh["metadata"]["annotations"] = {"pv.kubernetes.io/provisioned-by": "example.com/disks"}
        await plane.apply(PERSISTENTVOLUMES, fresh)
        assert await phases(plane) == {"pvc-1": "Bound", "data": "Bound"}
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data", "default")
        await plane.settle()
        assert await phases(plane) == {"pvc-1": "Released"}


async def test_a_volume_bound_in_vain_is_taken_back() -> None:
    async with running(only()) as plane:
        mine = await plane.apply(PERSISTENTVOLUMECLAIMS, claim(volumeName="real"))
        reference = {"kind": "PersistentVolumeClaim", "namespace": "default", "name": "data"}
        reference["uid"] = mine["metadata"]["uid"]
        chosen = volume("vain", claimRef=reference)
        chosen["metadata"]["annotations"] = {"pv.kubernetes.io/bound-by-controller": "yes"}
        await plane.apply(PERSISTENTVOLUMES, chosen)
        await plane.apply(PERSISTENTVOLUMES, volume("reserved", claimRef=reference))
        await plane.apply(PERSISTENTVOLUMES, volume("real"))
        await plane.start(LOOPS)
        assert await phases(plane) == {"vain": "Available", "reserved": "Available", "real": "Bound", "data": "Bound"}
        assert "claimRef" not in (await plane.get(PERSISTENTVOLUMES, "vain"))["spec"]
        assert (await plane.get(PERSISTENTVOLUMES, "reserved"))["spec"]["claimRef"]["name"] == "data"
        assert "uid" not in (await plane.get(PERSISTENTVOLUMES, "reserved"))["spec"]["claimRef"]
