"""Pods with volumes, a scheduler, the binder and somebody who makes volumes: what one reads in a cluster."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.controllers.core.persistentvolume.controller import CONTROLLER
from wherry.providers.simulated.volumes import provisioner
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops
from wherry.scheduler.tests.scene import Scene, scene

SELECTED = "volume.kubernetes.io/selected-node"


class Storage:
    """A scene whose Pods have claims."""

    def __init__(self, on: Scene) -> None:
        self.on = on

    async def storage_class(self, name: str, provisioner: str, mode: str = "WaitForFirstConsumer") -> None:
        obj = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": provisioner,
            "volumeBindingMode": mode,
        }
        await self.on.client.create(STORAGECLASSES, obj)

    async def claim(self, name: str, class_name: str, mode: str = "ReadWriteOnce") -> None:
        spec = {
            "accessModes": [mode],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": class_name,
        }
        obj = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}
        await self.on.client.create(PERSISTENTVOLUMECLAIMS, obj, "default")
        await self.on.settle()

    async def local_volume(self, name: str, node: str) -> None:
        wanted = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "local": {"path": "/mnt/disk"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}},
        }
        obj = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
        await self.on.client.create(PERSISTENTVOLUMES, obj)
        await self.on.settle()

    async def pod(self, name: str, claim: str, **more: Any) -> None:
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
        await self.on.pod(name, volumes=volumes, **more)

    async def bound_to(self, claim: str) -> str:
        found: Obj = await self.on.client.get(PERSISTENTVOLUMECLAIMS, claim, "default")
        return str(found["spec"].get("volumeName", "")) if found["status"]["phase"] == "Bound" else ""

    async def annotate(self, claim: str, name: str, value: str | None) -> None:
        patch = {"metadata": {"annotations": {name: value}}}
        await self.on.client.patch(PERSISTENTVOLUMECLAIMS, claim, patch, "default")
        await self.on.settle()


@asynccontextmanager
async def storage() -> AsyncIterator[Storage]:
    async with scene() as on:
        recorder = Recorder(on.client, on.clock, "controllers")
        loops = Loops([CONTROLLER], on.client, on.clock, random.Random(7), recorder)
        maker = provisioner(on.client, on.clock, random.Random(7))
        await loops.start()
        await maker.start()
        try:
            yield Storage(on)
        finally:
            await maker.close()
            await loops.stop()
            await recorder.close()


async def test_a_pod_goes_where_its_volume_can_be() -> None:
    async with storage() as store:
        for name in ("n1", "n2", "n3"):
            await store.on.node(name)
        await store.storage_class("local", "kubernetes.io/no-provisioner")
        await store.local_volume("disk", "n2")
        await store.claim("data", "local")
        await store.pod("web", "data")
        assert await store.on.home("web") == "n2"
        assert await store.bound_to("data") == "disk"


async def test_one_disk_is_for_one_of_two_pods_until_there_is_another() -> None:
    async with storage() as store:
        for name in ("n1", "n2"):
            await store.on.node(name)
        await store.storage_class("local", "kubernetes.io/no-provisioner")
        await store.local_volume("disk", "n2")
        for name in ("one", "two"):
            await store.claim(name, "local")
            await store.pod(name, name)
        homes = await store.on.homes()
        assert sorted(homes.values()) == ["", "n2"]
        [left] = [name for name, home in homes.items() if not home]
        why = "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."
        assert (await store.on.why(left)).startswith(why)
        await store.local_volume("other", "n1")
        await store.on.pass_time(15)
        assert await store.on.home(left) == "n1"


async def test_volumes_are_made_for_the_node_that_was_chosen() -> None:
    async with storage() as store:
        await store.on.node("n1")
        await store.storage_class("late", "simulated.wherry.dev")
        await store.claim("data", "late")
        assert await store.bound_to("data") == ""
        await store.pod("web", "data")
        assert await store.on.home("web") == "n1"
        claim = await store.on.client.get(PERSISTENTVOLUMECLAIMS, "data", "default")
        assert claim["metadata"]["annotations"][SELECTED] == "n1"
        assert claim["status"]["phase"] == "Bound"


async def test_a_volume_that_cannot_be_made_sends_the_pod_elsewhere() -> None:
    async with storage() as store:
        await store.on.node("n1")
        await store.storage_class("late", "nobody.example.com")
        await store.claim("data", "late")
        await store.pod("web", "data")
        assert await store.on.home("web") == ""
        await store.annotate("data", SELECTED, None)
        why = 'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "data"'
        assert await store.on.events("web") == [("FailedScheduling", why)]
        await store.on.pass_time(2)
        claim = await store.on.client.get(PERSISTENTVOLUMECLAIMS, "data", "default")
        assert claim["metadata"]["annotations"][SELECTED] == "n1"


async def test_a_claim_that_is_bound_at_once_is_waited_for() -> None:
    async with storage() as store:
        await store.on.node("n1")
        await store.storage_class("soon", "nobody.example.com", mode="Immediate")
        await store.claim("data", "soon")
        await store.pod("web", "data")
        why = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
        assert (await store.on.why("web")).startswith(why)
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "soon",
            "hostPath": {"path": "/srv"},
        }
        obj = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": spec}
        await store.on.client.create(PERSISTENTVOLUMES, obj)
        await store.on.pass_time(15)
        assert await store.on.home("web") == "n1"


async def test_the_important_get_a_volume_that_only_one_may_have() -> None:
    async with storage() as store:
        await store.on.node("n1")
        await store.on.node("n2")
        await store.storage_class("late", "simulated.wherry.dev")
        await store.claim("data", "late", mode="ReadWriteOncePod")
        await store.pod("first", "data")
        await store.on.running("first")
        await store.pod("second", "data")
        used = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
        assert f"2 {used}" in await store.on.why("second")
        await store.pod("third", "data", priority=10)
        first = await store.on.get("first")
        assert "deletionTimestamp" in first["metadata"]
        await store.on.delete("first")
        await store.on.pass_time(15)
        assert await store.on.home("third")
        assert await store.on.home("second") == ""
