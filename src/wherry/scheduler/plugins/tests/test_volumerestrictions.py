from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.core_v1 import Volume
from wherry.api.types.decoding import convert
from wherry.scheduler.plugins.volumerestrictions import conflicts, make, pod_helps
from wherry.scheduler.tests.objects import info
from wherry.scheduler.tests.storage import storage, user

USED = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
DISK = {"name": "d", "gcePersistentDisk": {"pdName": "one"}}


async def test_a_claim_for_one_pod_is_for_one_pod() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.claim(accessModes=["ReadWriteOncePod"])
        await store.claim("shared")
        assert store.ask(make, user()) == {"node-1": "", "node-2": ""}
        first = user("first", "data", "shared")
        store.cluster.set_pod(first, "node-1")
        assert store.ask(make, user()) == {"node-1": USED, "node-2": USED}
        assert store.ask(make, user("web", "shared")) == {"node-1": "", "node-2": ""}
        with store.cluster.supposing(removed=[first]):
            assert store.ask(make, user()) == {"node-1": "", "node-2": ""}
        store.cluster.remove_pod(first.uid)
        assert store.ask(make, user()) == {"node-1": "", "node-2": ""}


async def test_a_disk_is_attached_once_on_a_node() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        store.cluster.set_pod(info("first", volumes=[DISK]), "node-1")
        taken = "node(s) had no available disk"
        assert store.ask(make, info(volumes=[DISK])) == {"node-1": taken, "node-2": ""}


@pytest.mark.parametrize(
    ("one", "other", "is_conflict"),
    [
        ({"gcePersistentDisk": {"pdName": "a"}}, {"gcePersistentDisk": {"pdName": "b"}}, False),
        (
            {"gcePersistentDisk": {"pdName": "a", "readOnly": True}},
            {"gcePersistentDisk": {"pdName": "a", "readOnly": True}},
            False,
        ),
        (
            {"awsElasticBlockStore": {"volumeID": "a", "readOnly": True}},
            {"awsElasticBlockStore": {"volumeID": "a", "readOnly": True}},
            True,
        ),
        (
            {"iscsi": {"iqn": "q", "lun": 0, "targetPortal": "x"}},
            {"iscsi": {"iqn": "q", "lun": 1, "targetPortal": "y"}},
            True,
        ),
        ({"rbd": {"monitors": ["m", "n"], "image": "i"}}, {"rbd": {"monitors": ["n"], "image": "i"}}, True),
        ({"rbd": {"monitors": ["m"], "image": "i"}}, {"rbd": {"monitors": ["n"], "image": "i"}}, False),
        ({"gcePersistentDisk": {"pdName": "a"}}, {"awsElasticBlockStore": {"volumeID": "a"}}, False),
    ],
    ids=["other disk", "read only", "always once", "target", "monitors", "other monitors", "other kind"],
)
def test_which_disks_exclude_each_other(one: Obj, other: Obj, is_conflict: bool) -> None:
    left, right = convert(Volume, {"name": "v", **one}), convert(Volume, {"name": "v", **other})
    assert conflicts(left, right) is is_conflict


@pytest.mark.parametrize(
    ("gone", "helps"), [(user("x"), True), (user("x", "other"), False), (info("x", volumes=[DISK]), False)]
)
def test_whose_end_helps(gone: Any, helps: bool) -> None:
    assert pod_helps(user(), gone, None) is helps
