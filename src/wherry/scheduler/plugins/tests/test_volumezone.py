from __future__ import annotations

from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.scheduler.plugins.volumezone import make
from wherry.scheduler.tests.objects import info
from wherry.scheduler.tests.storage import class_late, storage, user

ELSEWHERE = "node(s) had no available volume zone"
ZONE = "topology.kubernetes.io/zone"
OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"


async def test_volumes_are_used_in_their_zones() -> None:
    async with storage() as store:
        store.nodes("a", "b", "c", "")
        await store.volume("mine", labels={ZONE: "a__b"})
        await store.claim(volume="mine")
        assert store.ask(make, user()) == {"node-1": "", "node-2": "", "node-3": ELSEWHERE, "node-4": ""}
        assert set(store.ask(make, info()).values()) == {""}


async def test_the_old_label_of_a_volume_means_the_new_one_of_nodes() -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.volume("mine", labels={OLD_ZONE: "a"})
        await store.claim(volume="mine")
        assert store.ask(make, user()) == {"node-1": "", "node-2": ELSEWHERE}


async def test_a_claim_without_a_volume_must_be_one_that_waits() -> None:
    async with storage() as store:
        store.nodes("a")
        await store.claim()
        assert store.ask(make, user()) == {"*": "PersistentVolume had no name"}
        await store.put(STORAGECLASSES, class_late())
        assert store.ask(make, user()) == {"node-1": ""}
        assert store.ask(make, user("web", "none")) == {"*": 'persistentvolumeclaim "none" not found'}
