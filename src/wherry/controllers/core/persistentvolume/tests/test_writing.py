"""Whatever two binders see late, in whatever order, and whenever they are replaced: what they write fits together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj, errors
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.resource import Resource
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.controllers.core.persistentvolume.controller import CONTROLLER
from wherry.controllers.core.persistentvolume.tests.storage import claim, volume
from wherry.controllers.tests.lagging import LaggingClient
from wherry.lib.clock import Clock
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

SIZES = ("1Gi", "2Gi", "3Gi")
NAMES = ("a", "b", "c")
name, size, who = st.sampled_from(NAMES), st.sampled_from(SIZES), st.integers(0, 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("volume"), name, size),
        st.tuples(st.just("claim"), name, size),
        st.tuples(st.just("drop volume"), name, size),
        st.tuples(st.just("drop claim"), name, size),
        st.tuples(st.just("show"), who, st.integers(1, 4)),
        st.tuples(st.just("restart"), who, st.just(0)),
    ),
    min_size=4,
    max_size=24,
)


class Binder:
    """One binder, which sees what there is late; `restart` gives its place to a new one."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._real, self._clock = client, clock
        self._begin()

    def _begin(self) -> None:
        self.client = LaggingClient(self._real)
        self._recorder = Recorder(self._real, self._clock, "binder")
        self.loops = Loops([CONTROLLER], self.client, self._clock, random.Random(7), self._recorder)

    async def start(self) -> None:
        await self.loops.start()

    async def stop(self) -> None:
        await self.loops.stop()
        await self._recorder.close()

    async def restart(self) -> None:
        await self.stop()
        self._begin()
        await self.loops.start()


class Race:
    def __init__(self, client: Client, clock: ManualClock) -> None:
        self.client, self.clock = client, clock
        self.binders = [Binder(client, clock) for _ in range(2)]
        self.partners: dict[str, str] = {}
        """The UID of the volume that each claim was first seen bound to."""

    async def take(self, step: tuple[str, str | int, str | int]) -> None:
        what, one, other = step
        match what:
            case "volume":
                await self._create(PERSISTENTVOLUMES, volume(f"pv-{one}", str(other)), "")
            case "claim":
                await self._create(PERSISTENTVOLUMECLAIMS, claim(f"c-{one}", str(other)), "default")
            case "drop volume":
                await self._delete(PERSISTENTVOLUMES, f"pv-{one}", "")
            case "drop claim":
                await self._delete(PERSISTENTVOLUMECLAIMS, f"c-{one}", "default")
            case "show":
                self.binders[int(one)].client.deliver(int(other))
            case _:
                await self.binders[int(one)].restart()
        for binder in self.binders:
            await binder.loops.settled()

    async def come_to_rest(self) -> None:
        for _ in range(60):
            shown = sum([binder.client.deliver() for binder in self.binders])
            await self.clock.advance(2.0)
            for binder in self.binders:
                await binder.loops.settled()
            if not shown and not sum([binder.client.deliver() for binder in self.binders]):
                return

    async def _create(self, resource: Resource, obj: Obj, namespace: str) -> None:
        try:
            await self.client.create(resource, obj, namespace)
        except errors.AlreadyExists:
            return

    async def _delete(self, resource: Resource, name: str, namespace: str) -> None:
        try:
            await self.client.delete(resource, name, namespace)
        except errors.NotFound:
            return

    async def claims(self) -> list[Obj]:
        return (await self.client.list(PERSISTENTVOLUMECLAIMS)).items

    async def volumes(self) -> list[Obj]:
        return (await self.client.list(PERSISTENTVOLUMES)).items

    async def check_safety(self) -> None:
        """A claim that is shown as bound has its volume to itself, as long as both exist."""
        volumes = {one["metadata"]["name"]: one for one in await self.volumes()}
        for one in await self.claims():
            found = volumes.get(one["spec"].get("volumeName", ""))
            if found is None or one["status"]["phase"] != "Bound":
                continue
            uid = one["metadata"]["uid"]
            if self.partners.setdefault(uid, found["metadata"]["uid"]) != found["metadata"]["uid"]:
                continue  # a volume of the same name, made after its own was deleted
            assert (found["spec"].get("claimRef") or {}).get("uid") == uid

    async def check_rest(self) -> None:
        """At rest both sides agree, and nobody waits for what is to be had."""
        claims = {one["metadata"]["uid"]: one for one in await self.claims()}
        volumes = await self.volumes()
        for one in volumes:
            reference = one["spec"].get("claimRef")
            holder = claims.get(reference["uid"]) if reference else None
            if holder is None:
                assert one["status"]["phase"] == ("Released" if reference else "Available")
            else:
                assert holder["spec"]["volumeName"] == one["metadata"]["name"]
                assert (one["status"]["phase"], holder["status"]["phase"]) == ("Bound", "Bound")
        free = [one["spec"]["capacity"]["storage"] for one in volumes if not one["spec"].get("claimRef")]
        for one in claims.values():
            if one["status"]["phase"] == "Pending":
                wanted = one["spec"]["resources"]["requests"]["storage"]
                assert not [size for size in free if SIZES.index(size) >= SIZES.index(wanted)]


async def run(steps: Sequence[tuple[str, str | int, str | int]]) -> None:
    clock = ManualClock()
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(7)))
    await api.open()
    race = Race(api.client(), clock)
    try:
        for binder in race.binders:
            await binder.start()
        for step in steps:
            await race.take(step)
            await race.check_safety()
        await race.come_to_rest()
        await race.check_safety()
        await race.check_rest()
    finally:
        for binder in race.binders:
            await binder.stop()
        await api.close()


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_two_binders_that_see_late_agree(steps: Sequence[tuple[str, str | int, str | int]]) -> None:
    asyncio.run(run(steps))
