from __future__ import annotations

import hashlib
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.controllers.core.persistentvolume.tests.storage import claim, pod, said, volume
from wherry.controllers.tests.plane import Plane, only, running

LOOPS = only("persistentvolume-attach-detach-controller", "persistentvolume-binder-controller")
DRIVER = "disks.example.com"
NAME = f"kubernetes.io/csi/{DRIVER}^h-1"
FORBIDDEN = 'Multi-Attach error for volume "disk" '


def node(name: str) -> Obj:
    marks = {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": marks}}


async def storage(plane: Plane, **spec: Any) -> None:
    """Two nodes, and a claim that is bound to a disk."""
    for name in ("node-1", "node-2"):
        await plane.apply(NODES, node(name))
        await ready(plane, name)
    disk = volume("disk", csi={"driver": DRIVER, "volumeHandle": "h-1"}, **spec)
    del disk["spec"]["hostPath"]
    await plane.apply(PERSISTENTVOLUMES, disk)
    await plane.apply(PERSISTENTVOLUMECLAIMS, claim(accessModes=spec.get("accessModes", ["ReadWriteOnce"])))


async def ready(plane: Plane, name: str, status: str = "True", **more: object) -> None:
    change = {"status": {"conditions": [{"type": "Ready", "status": status}], **more}}
    await plane.client.patch(NODES, name, change, subresource="status")
    await plane.settle()


async def attached(plane: Plane, **status: object) -> None:
    """Play the driver's attacher."""
    for one in await plane.items(VOLUMEATTACHMENTS):
        change = {"status": status or {"attached": True}}
        await plane.client.patch(VOLUMEATTACHMENTS, one["metadata"]["name"], change, subresource="status")
    await plane.settle()


async def homes(plane: Plane) -> list[str]:
    return [one["spec"]["nodeName"] for one in await plane.items(VOLUMEATTACHMENTS)]


async def reported(plane: Plane, name: str = "node-1") -> list[str]:
    status = (await plane.get(NODES, name)).get("status") or {}
    return [one["name"] for one in status.get("volumesAttached") or ()]


async def end(plane: Plane, name: str = "web") -> None:
    await plane.client.delete(PODS, name, "default", grace_seconds=0)
    await plane.settle()


async def test_a_volume_follows_the_pods_that_use_it() -> None:
    async with running(LOOPS) as plane:
        await storage(plane)
        await plane.apply(PODS, pod(nodeName="node-1"))
        [made] = await plane.items(VOLUMEATTACHMENTS)
        digest = hashlib.sha256(f"h-1{DRIVER}node-1".encode()).hexdigest()
        assert made["metadata"]["name"] == f"csi-{digest}"
        assert made["spec"] == {
            "attacher": DRIVER,
            "nodeName": "node-1",
            "source": {"persistentVolumeName": "disk"},
        }
        assert await reported(plane) == []
        await attached(plane)
        assert await reported(plane) == [NAME]
        message = 'AttachVolume.Attach succeeded for volume "disk" '
        assert await said(plane, "web") == [("Normal", "SuccessfulAttachVolume", message)]
        await end(plane)
        assert (await homes(plane), await reported(plane)) == ([], [])


async def test_drivers_that_need_no_attaching_get_none() -> None:
    async with running(LOOPS) as plane:
        spec = {"attachRequired": False}
        driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": DRIVER}, "spec": spec}
        await plane.apply(CSIDRIVERS, driver)
        await storage(plane)
        await plane.apply(PODS, pod(nodeName="node-1"))
        assert await homes(plane) == []


async def test_a_failure_to_attach_is_told_to_the_pod() -> None:
    async with running(LOOPS) as plane:
        await storage(plane)
        await plane.apply(PODS, pod(nodeName="node-1"))
        await attached(plane, attached=False, attachError={"message": "disk is gone"})
        message = 'AttachVolume.Attach failed for volume "disk" : disk is gone'
        assert await said(plane, "web") == [("Warning", "FailedAttachVolume", message)]


async def test_two_nodes_do_not_have_one_disk() -> None:
    async with running(LOOPS) as plane:
        await storage(plane)
        await plane.apply(PODS, pod("first", nodeName="node-1"))
        await attached(plane)
        await plane.apply(PODS, pod("second", nodeName="node-2"))
        assert await homes(plane) == ["node-1"]
        why = FORBIDDEN + "Volume is already used by pod(s) first"
        assert await said(plane, "second") == [("Warning", "FailedAttachVolume", why)]
        await end(plane, "first")
        assert await homes(plane) == ["node-2"]


async def test_shared_volumes_are_on_several_nodes() -> None:
    async with running(LOOPS) as plane:
        await storage(plane, accessModes=["ReadWriteMany"])
        await plane.apply(PODS, pod("first", nodeName="node-1"))
        await plane.apply(PODS, pod("second", nodeName="node-2"))
        assert sorted(await homes(plane)) == ["node-1", "node-2"]


async def test_what_is_mounted_stays_attached() -> None:
    async with running(LOOPS) as plane:
        await storage(plane)
        await plane.apply(PODS, pod(nodeName="node-1"))
        await attached(plane)
        await ready(plane, "node-1", volumesInUse=[NAME])
        await end(plane)
        await plane.pass_time(3600)
        assert (await homes(plane), await reported(plane)) == (["node-1"], [NAME])
        await ready(plane, "node-1", volumesInUse=None)
        assert (await homes(plane), await reported(plane)) == ([], [])


@pytest.mark.parametrize(("seconds", "left"), [(350, ["node-1"]), (370, [])])
async def test_a_node_that_is_not_ready_loses_its_volumes_in_six_minutes(seconds: float, left: list[str]) -> None:
    async with running(LOOPS) as plane:
        await storage(plane)
        await plane.apply(PODS, pod(nodeName="node-1"))
        await attached(plane)
        await ready(plane, "node-1", "Unknown", volumesInUse=[NAME])
        await end(plane)
        await plane.pass_time(seconds)
        assert await homes(plane) == left


async def test_a_node_out_of_service_loses_them_at_once() -> None:
    async with running(LOOPS) as plane:
        await storage(plane)
        await plane.apply(PODS, pod(nodeName="node-1"))
        await attached(plane)
        await ready(plane, "node-1", "Unknown", volumesInUse=[NAME])
        await end(plane)
        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        await plane.client.patch(NODES, "node-1", {"spec": {"taints": [taint]}})
        await plane.settle()
        assert await homes(plane) == []
