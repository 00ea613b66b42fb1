from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.errors import Conflict
from wherry.api.features import features
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.csistoragecapacity import CSISTORAGECAPACITIES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.volumebinding import make
from wherry.scheduler.tests.objects import info
from wherry.scheduler.tests.storage import Storage, class_late, storage, user
from wherry.scheduler.volumes.holding import NotBound
from wherry.testing.eventloop import settle

AFFINITY = "node(s) didn't match PersistentVolume's node affinity"
NOTHING = "node(s) didn't find available persistent volumes to bind"
SELECTED = "volume.kubernetes.io/selected-node"
BOUND = {"pv.kubernetes.io/bind-completed": "yes"}


def _named(pod: PodInfo, uid: str) -> PodInfo:
    return replace(pod, uid=uid)


def capacity(zone: str, room: str) -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIStorageCapacity",
        "metadata": {"name": zone},
        "storageClassName": "late",
        "capacity": room,
        "nodeTopology": {"matchLabels": {"topology.kubernetes.io/zone": zone}},
    }


async def put_pod(store: Storage, name: str = "web") -> str:
    """The Pod itself, which must be there while its volumes are bound; returns its UID."""
    spec = {"containers": [{"name": "main", "image": "busybox:1"}]}
    pod = await store.put(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    return str(pod["metadata"]["uid"])


async def test_what_is_wrong_with_claims_is_said() -> None:
    async with storage() as store:
        store.nodes("a")
        assert store.ask(make, info()) == {"node-1": ""}
        assert store.ask(make, user()) == {"*": 'persistentvolumeclaim "data" not found'}
        await store.claim(storageClassName="at-once")
        assert store.ask(make, user()) == {"*": "pod has unbound immediate PersistentVolumeClaims"}
        await store.client.patch(
            PERSISTENTVOLUMECLAIMS, "data", {"status": {"phase": "Lost"}}, "default", subresource="status"
        )
        lost = 'persistentvolumeclaim "data" bound to non-existent persistentvolume ""'
        assert store.ask(make, user()) == {"*": lost}
        await store.claim("kept")
        await store.client.patch(PERSISTENTVOLUMECLAIMS, "kept", {"metadata": {"finalizers": ["x.io/y"]}}, "default")
        await store.client.delete(PERSISTENTVOLUMECLAIMS, "kept", "default")
        assert store.ask(make, user("web", "kept")) == {"*": 'persistentvolumeclaim "kept" is being deleted'}


async def test_ephemeral_volumes_wait_for_their_claims() -> None:
    async with storage() as store:
        store.nodes("a")
        pod = info(volumes=[{"name": "tmp", "ephemeral": {}}])
        missing = 'waiting for ephemeral volume controller to create the persistentvolumeclaim "web-tmp"'
        assert store.ask(make, pod) == {"*": missing}
        await store.claim("web-tmp")
        theirs = "PVC default/web-tmp was not created for pod default/web (pod is not owner)"
        assert store.ask(make, pod) == {"*": theirs}


async def test_bound_claims_draw_the_pod_to_their_volumes() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.volume("mine", zone="b")
        await store.claim(volume="mine")
        assert store.ask(make, user()) == {"node-1": AFFINITY, "node-2": ""}
        await store.client.delete(PERSISTENTVOLUMES, "mine")
        gone = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
        assert store.ask(make, user()) == {"node-1": gone, "node-2": gone}


async def test_open_claims_are_matched_where_volumes_are() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        late = class_late(provisioner="kubernetes.io/no-provisioner")
        await store.put(STORAGECLASSES, late)
        await store.claim("small")
        await store.claim("large", resources={"requests": {"storage": "5Gi"}})
        await store.volume("one", "5Gi", zone="b")
        assert store.ask(make, user("web", "small", "large")) == {"node-1": NOTHING, "node-2": NOTHING}
        await store.volume("two", "1Gi", zone="b")
        assert store.ask(make, user("web", "large", "small")) == {"node-1": NOTHING, "node-2": ""}


async def test_what_can_be_made_need_not_be_there() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        where = [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["b", "c"]}]}]
        await store.put(STORAGECLASSES, class_late(allowedTopologies=where))
        await store.claim()
        assert store.ask(make, user()) == {"node-1": NOTHING, "node-2": ""}


async def test_drivers_that_publish_their_capacity_are_held_to_it() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.put(STORAGECLASSES, class_late())
        await store.claim()
        driver = {"metadata": {"name": "disks.example.com"}, "spec": {"storageCapacity": True}}
        await store.put(CSIDRIVERS, {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", **driver})
        for zone, room in (("a", "500Mi"), ("b", "2Gi")):
            await store.put(CSISTORAGECAPACITIES, capacity(zone, room))
        no_space = "node(s) did not have enough free storage"
        assert store.ask(make, user()) == {"node-1": no_space, "node-2": ""}


async def test_a_promised_volume_is_for_nobody_else() -> None:
    async with storage() as store:
        store.nodes("a", "a")
        await store.put(STORAGECLASSES, class_late(provisioner="kubernetes.io/no-provisioner"))
        await store.volume("only", zone="a")
        await store.claim("mine")
        await store.claim("theirs")
        hold = store.reserve(make, user("web", "mine"), "node-1")
        second = store.reserve(make, user("friend", "mine"), "node-2")
        assert store.ask(make, user("other", "theirs")) == {"node-1": NOTHING, "node-2": NOTHING}
        hold.unreserve()
        hold.unreserve()
        assert store.ask(make, user("other", "theirs"))["node-1"] == NOTHING
        second.unreserve()
        assert store.ask(make, user("other", "theirs"))["node-1"] == ""


async def test_a_volume_being_made_for_a_node_keeps_others_there() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.put(STORAGECLASSES, class_late())
        await store.claim()
        hold = store.reserve(make, user(), "node-2")
        assert store.ask(make, user("friend")) == {"node-1": NOTHING, "node-2": ""}
        hold.unreserve()
        assert store.ask(make, user("friend")) == {"node-1": "", "node-2": ""}


async def test_binding_waits_for_the_claim_to_be_bound() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.put(STORAGECLASSES, class_late())
        await store.volume("mine")
        claim = await store.claim()
        pod = _named(user(), await put_pod(store))
        hold = store.reserve(make, pod, "node-1")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(hold.pre_bind())
            await settle()
            taken = await store.client.get(PERSISTENTVOLUMES, "mine")
            assert taken["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
            assert taken["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
            assert not task.done()
            patch = {"metadata": {"annotations": BOUND}, "spec": {"volumeName": "mine"}}
            await store.client.patch(PERSISTENTVOLUMECLAIMS, "data", patch, "default")
        assert store.ask(make, pod) == {"node-1": ""}


async def test_a_provisioner_that_gives_up_sends_the_pod_back() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.put(STORAGECLASSES, class_late())
        await store.claim()
        pod = _named(user(), await put_pod(store))
        hold = store.reserve(make, pod, "node-1")

        async def fail() -> None:
            with pytest.raises(NotBound, match='binding volumes: provisioning failed for PVC "data"'):
                await hold.pre_bind()

        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await settle()
            asked = await store.client.get(PERSISTENTVOLUMECLAIMS, "data", "default")
            assert asked["metadata"]["annotations"] == {SELECTED: "node-1"}
            patch = {"metadata": {"annotations": {SELECTED: None}}}
            await store.client.patch(PERSISTENTVOLUMECLAIMS, "data", patch, "default")


async def test_nobody_waits_for_ever() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.put(STORAGECLASSES, class_late())
        await store.claim()
        hold = store.reserve(make, _named(user(), await put_pod(store)), "node-1", bindTimeoutSeconds=30)

        async def fail() -> None:
            with pytest.raises(NotBound, match="binding volumes: context deadline exceeded"):
                await hold.pre_bind()

        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await settle()
            await store.clock.advance(30)


async def test_a_volume_that_somebody_else_took_meanwhile_is_not_taken() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.put(STORAGECLASSES, class_late())
        await store.volume("mine")
        await store.claim()
        hold = store.reserve(make, _named(user(), await put_pod(store)), "node-1")
        theirs = {"spec": {"claimRef": {"namespace": "default", "name": "other", "uid": "u-other"}}}
        await store.client.patch(PERSISTENTVOLUMES, "mine", theirs)
        with pytest.raises(Conflict):
            await hold.pre_bind()
        kept = await store.client.get(PERSISTENTVOLUMES, "mine")
        assert kept["spec"]["claimRef"]["name"] == "other"


async def test_nodes_with_more_room_are_preferred() -> None:
    async with storage() as store:
        store.nodes("a", "b", "c")
        await store.put(STORAGECLASSES, class_late())
        await store.claim()
        driver = {"metadata": {"name": "disks.example.com"}, "spec": {"storageCapacity": True}}
        await store.put(CSIDRIVERS, {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", **driver})
        for zone, room in (("a", "2Gi"), ("b", "4Gi"), ("c", "1Gi")):
            await store.put(CSISTORAGECAPACITIES, capacity(zone, room))
        assert store.rate(make, user()) == {"node-1": 50, "node-2": 75, "node-3": 0}
        shape = [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}]
        assert store.rate(make, user(), shape=shape) == {"node-1": 50, "node-2": 25, "node-3": 100}
        assert store.rate(make, info()) == {}


async def test_room_is_not_looked_at_while_its_feature_is_off() -> None:
    async with storage() as store:
        off = replace(store.handle, features=features({"StorageCapacityScoring": False}))
        assert make({}, store.handle).score is not None
        assert make({}, off).score is None


async def test_volumes_that_fit_closely_leave_no_room() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.put(STORAGECLASSES, class_late(provisioner="kubernetes.io/no-provisioner"))
        await store.claim()
        await store.volume("close", "1Gi", zone="a")
        await store.volume("wide", "10Gi", zone="b")
        assert store.rate(make, user()) == {"node-1": 0, "node-2": 90}
