"""What is promised is given back when it cannot be written, and what was written is taken back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from wherry.api import Obj
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.errors import ApiError, Conflict
from wherry.api.resource import Resource
from wherry.api.types.decoding import convert
from wherry.api.types.resource_v1 import ResourceClaim
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.lib.tasks import Tasks
from wherry.scheduler.dynamic.binding import FINALIZER, ClaimsHold, deallocate, delete_claim
from wherry.scheduler.dynamic.inventory import Inventory, Part
from wherry.scheduler.dynamic.readiness import Readiness
from wherry.scheduler.plugins.tests.placed import a_pod
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

DEVICE = ("d.example.com", "n1", "dev-0")
POD = a_pod("p")


def allocation(device: str = "dev-0") -> Obj:
    return {"devices": {"results": [{"request": "r", "driver": DEVICE[0], "pool": DEVICE[1], "device": device}]}}


class Scene:
    """A claim, and the devices that are promised to it."""

    def __init__(self, client: Client, inventory: Inventory, claim: ResourceClaim) -> None:
        self.client = client
        self.inventory = inventory
        self.claim = claim

    def hold(self) -> ClaimsHold:
        self.inventory.promise(self.claim.metadata.uid, [Part(DEVICE)])
        clock, uid = ManualClock(), self.claim.metadata.uid
        readiness = Readiness(self.inventory, clock, lambda *_: None)

        async def wait(written: Sequence[ResourceClaim]) -> None:
            await readiness.wait(POD, "n1", written)

        return ClaimsHold(self.inventory, clock, POD, [self.claim], {uid: allocation()}, wait)

    async def fresh(self) -> Obj:
        return await self.client.get(RESOURCECLAIMS, "c", "default")


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    api = Api(Settings(store=MemoryStore(), clock=ManualClock(), random=random.Random(7)))
    await api.open()
    client, tasks = api.client(), Tasks("test")
    requests: list[Any] = [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]
    obj: Obj = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c"},
        "spec": {"devices": {"requests": requests}},
    }
    claim = convert(ResourceClaim, await client.create(RESOURCECLAIMS, obj, "default"))
    yield Scene(client, Inventory(client, tasks.spawn, ManualClock()), claim)
    await tasks.close()
    await api.close()


async def test_a_promise_becomes_an_allocation() -> None:
    async with scene() as at:
        hold = at.hold()
        assert at.inventory.is_promised(at.claim.metadata.uid)
        await hold.pre_bind()
        assert not at.inventory.is_promised(at.claim.metadata.uid)
        assert at.inventory.is_taken(DEVICE)
        found = await at.fresh()
        assert found["metadata"]["finalizers"] == [FINALIZER]
        assert [one["name"] for one in found["status"]["reservedFor"]] == ["p"]


async def test_a_promise_is_given_back() -> None:
    async with scene() as at:
        at.hold().unreserve()
        assert not at.inventory.is_taken(DEVICE)


async def test_somebody_else_was_faster() -> None:
    async with scene() as at:
        hold = at.hold()
        found = await at.fresh()
        found["status"] = {"allocation": allocation("dev-1")}
        await at.client.update(RESOURCECLAIMS, found, subresource="status")
        with pytest.raises(ApiError, match="claim default/c got allocated elsewhere in the meantime"):
            await hold.pre_bind()
        hold.unreserve()
        assert not at.inventory.is_taken(DEVICE)
        assert at.inventory.is_taken(("d.example.com", "n1", "dev-1"))


async def test_the_claim_is_gone() -> None:
    async with scene() as at:
        hold = at.hold()
        await at.client.delete(RESOURCECLAIMS, "c", "default")
        with pytest.raises(ApiError):
            await hold.pre_bind()
        hold.unreserve()
        assert not at.inventory.is_taken(DEVICE)


async def test_a_pod_that_was_not_bound_holds_its_claim_no_longer() -> None:
    async with scene() as at:
        hold = at.hold()
        await hold.pre_bind()
        hold.unreserve()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not (await at.fresh())["status"].get("reservedFor")
        assert at.inventory.is_taken(DEVICE)


class Rival:
    """A client before each of whose first few updates somebody else is quicker."""

    def __init__(self, real: Client, times: int) -> None:
        self._real = real
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def update(self, resource: Resource, obj: Obj, **options: Any) -> Obj:
        if self.left:
            self.left -= 1
            labels = {"metadata": {"labels": {"try": str(self.left)}}}
            await self._real.patch(resource, obj["metadata"]["name"], labels, obj["metadata"]["namespace"])
        return await self._real.update(resource, obj, **options)


async def test_a_claim_is_deleted_although_others_were_quicker_for_a_while() -> None:
    async with scene() as at:
        await at.hold().pre_bind()
        await delete_claim(cast(Client, Rival(at.client, 3)), at.claim)
        assert not (await at.client.list(RESOURCECLAIMS, "default")).items


async def test_whoever_deletes_in_vain_hears_of_it() -> None:
    async with scene() as at:
        await at.hold().pre_bind()
        with pytest.raises(Conflict):
            await delete_claim(cast(Client, Rival(at.client, 99)), at.claim)


async def test_what_is_not_as_it_was_decided_on_keeps_its_devices() -> None:
    async with scene() as at:
        await at.hold().pre_bind()
        with pytest.raises(Conflict):
            await deallocate(at.client, at.claim)
        seen = convert(ResourceClaim, await at.fresh())
        with pytest.raises(Conflict):
            await deallocate(cast(Client, Rival(at.client, 1)), seen)
        assert (await at.fresh())["status"]["allocation"]
        await deallocate(at.client, convert(ResourceClaim, await at.fresh()))
        assert not (await at.fresh()).get("status")
