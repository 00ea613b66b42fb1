from __future__ import annotations

import pytest
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.features import features
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.api.types.decoding import convert
from wherry.api.types.storage_v1 import CSINode
from wherry.scheduler.plugins.nodevolumelimits import csi_node_helps, make
from wherry.scheduler.tests.objects import info
from wherry.scheduler.tests.storage import Storage, class_late, storage, user

FULL = "node(s) exceed max volume count"
DRIVER = "disks.example.com"


def csi_node(name: str, count: int | None, driver: str = DRIVER) -> Obj:
    entry: Obj = {"name": driver, "nodeID": name}
    if count is not None:
        entry["allocatable"] = {"count": count}
    spec = {"drivers": [entry]}
    return {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": name}, "spec": spec}


async def volumes(store: Storage, *names: str) -> None:
    for name in names:
        await store.volume(f"pv-{name}")
        await store.claim(name, volume=f"pv-{name}")


async def test_a_node_takes_as_many_volumes_as_its_driver_says() -> None:
    async with storage() as store:
        store.nodes("a", "a", "a")
        await store.put(CSINODES, csi_node("node-1", 2))
        await store.put(CSINODES, csi_node("node-2", None))
        await volumes(store, "one", "two", "three")
        store.cluster.set_pod(user("first", "one", "two"), "node-1")
        assert store.ask(make, user("web", "three")) == {"node-1": FULL, "node-2": "", "node-3": ""}
        assert store.ask(make, user("web", "two"))["node-1"] == ""
        assert store.ask(make, info())["node-1"] == ""


async def test_volumes_that_are_still_to_be_made_count() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.put(STORAGECLASSES, class_late())
        await store.put(CSINODES, csi_node("node-1", 1))
        await store.claim("one")
        await store.claim("two")
        assert store.ask(make, user("web", "one", "two")) == {"node-1": FULL}
        assert store.ask(make, user("web", "one")) == {"node-1": ""}


@pytest.mark.parametrize("way", ["volume", "inline", "class"])
async def test_volumes_of_drivers_that_were_built_in_count_for_their_successors(way: str) -> None:
    driver, disk = "ebs.csi.aws.com", {"volumeID": "aws://a/vol-1"}
    async with storage() as store:
        store.nodes("a", "a")
        await store.put(CSINODES, csi_node("node-1", 1, driver))
        await store.volume("pv-one", csi={"driver": driver, "volumeHandle": "vol-2"})
        await store.claim("one", volume="pv-one")
        store.cluster.set_pod(user("first", "one"), "node-1")
        pod = user("web", "two")
        if way == "volume":
            await store.volume("pv-two", csi=None, awsElasticBlockStore=disk)
            await store.claim("two", volume="pv-two")
        elif way == "inline":
            pod = info(volumes=[{"name": "v", "awsElasticBlockStore": disk}])
        else:
            await store.put(STORAGECLASSES, {**class_late(), "provisioner": "kubernetes.io/aws-ebs"})
            await store.claim("two")
        assert store.ask(make, pod) == {"node-1": FULL, "node-2": ""}


async def test_what_is_still_attached_counts_without_a_pod() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.put(CSINODES, csi_node("node-1", 1))
        await volumes(store, "one", "two")
        await store.put(
            VOLUMEATTACHMENTS,
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "VolumeAttachment",
                "metadata": {"name": "csi-1"},
                "spec": {"attacher": DRIVER, "nodeName": "node-1", "source": {"persistentVolumeName": "pv-one"}},
            },
        )
        assert store.ask(make, user("web", "two")) == {"node-1": FULL}
        assert store.ask(make, user("web", "one")) == {"node-1": FULL}
        store.cluster.set_pod(user("first", "one"), "node-1")
        assert store.ask(make, user("web", "one")) == {"node-1": ""}


async def test_a_driver_may_ask_for_nodes_that_have_it() -> None:
    async with storage() as store:
        store.nodes("a", "a", "a")
        await volumes(store, "one")
        spec = {"preventPodSchedulingIfMissing": True}
        driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": DRIVER}, "spec": spec}
        await store.put(CSIDRIVERS, driver)
        await store.put(CSINODES, csi_node("node-1", None))
        await store.put(CSINODES, csi_node("node-2", None, "other.example.com"))
        answer = store.ask(make, user("web", "one"))
        missing = f"{DRIVER} CSI driver is not installed on the node"
        assert answer == {"node-1": "", "node-2": missing, "node-3": missing}
        store.handle = replace(store.handle, features=features({"VolumeLimitScaling": False}), kept={})
        assert set(store.ask(make, user("web", "one")).values()) == {""}


@pytest.mark.parametrize(
    ("old", "new", "helps"),
    [
        (None, csi_node("n", 1), True),
        (csi_node("n", 1), csi_node("n", 2), True),
        (csi_node("n", 2), csi_node("n", 1), False),
        (csi_node("n", 1, "other"), csi_node("n", 1), True),
    ],
    ids=["new", "more", "less", "another driver"],
)
def test_when_a_node_of_drivers_helps(old: Obj | None, new: Obj, helps: bool) -> None:
    before = convert(CSINode, old) if old is not None else None
    assert csi_node_helps(info(), before, convert(CSINode, new)) is helps
