"""Tokens in Secrets: their use is noted, the unused are called in and deleted."""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.reviews.tests.world import KEYS, World
from wherry.controllers.tokens import cleaner, tracking
from wherry.controllers.tokens.controller import ACCOUNT, TYPE, controller
from wherry.identity.legacytokens import INVALID_SINCE, LAST_USED, TRACKING
from wherry.lib.clock import format_date, parse_date
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops

DAY = 86400.0
YEAR = 365 * DAY
WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Scene:
    def __init__(self) -> None:
        self.world = World()
        self.recorder = Recorder(self.client, self.world.clock, "tokens")
        loops = (controller(KEYS, lambda: "CA"), tracking.CONTROLLER, cleaner.CONTROLLER)
        self.loops = Loops(loops, self.client, self.world.clock, random.Random(7), self.recorder)

    @property
    def client(self) -> InProcessClient:
        return self.world.api.client()

    @property
    def today(self) -> str:
        return format_date(self.world.clock.time())

    async def make(self, *, listed: bool = True) -> str:
        """A Secret with a token, which is returned."""
        await self.client.create(SERVICEACCOUNTS, {"metadata": {"name": "robot"}}, "default")
        metadata = {"name": "s", "annotations": {ACCOUNT: "robot"}}
        await self.client.create(SECRETS, {"metadata": metadata, "type": TYPE}, "default")
        if listed:
            await self.client.patch(SERVICEACCOUNTS, "robot", {"secrets": [{"name": "s"}]}, "default")
        await self.loops.settled()
        return b64decode((await self.secrets())[0]["data"]["token"]).decode()

    async def secrets(self) -> list[Obj]:
        return (await self.client.list(SECRETS, "default")).items

    async def labels(self) -> dict[str, str]:
        await self.settle()
        return dict((await self.secrets())[0]["metadata"].get("labels") or {})

    async def settle(self) -> None:
        tasks = self.world.api.core.tasks
        while len(tasks):
            await self.world.clock.advance(0)
        await self.loops.settled()

    async def pass_time(self, seconds: float) -> None:
        await self.world.clock.advance(seconds)
        await self.loops.settled()

    async def use(self, token: str) -> int:
        status, _ = await self.world.ask("POST", WHO_AM_I, {}, token)
        return status

    async def tracking(self) -> Any:
        await self.loops.settled()
        return (await self.client.get(CONFIGMAPS, TRACKING, "kube-system"))["data"]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    await made.world.api.open()
    await made.loops.start()
    await made.loops.settled()
    yield made
    await made.loops.stop()
    await made.recorder.close()
    await made.world.api.close()


async def test_a_use_is_noted_once_a_day(scene: Scene) -> None:
    token = await scene.make()
    assert LAST_USED not in await scene.labels()
    for _ in range(3):
        assert await scene.use(token) == 201
    assert (await scene.labels())[LAST_USED] == scene.today
    revision = (await scene.secrets())[0]["metadata"]["resourceVersion"]
    await scene.use(token)
    await scene.settle()
    assert (await scene.secrets())[0]["metadata"]["resourceVersion"] == revision
    before = scene.today
    await scene.pass_time(DAY)
    assert (await scene.labels())[LAST_USED] == before
    assert await scene.use(token) == 201
    assert (await scene.labels())[LAST_USED] == scene.today != before
    (entry,) = [each for each in (await scene.secrets())[0]["metadata"]["managedFields"] if LAST_USED in str(each)]
    assert entry["manager"] == "kube-apiserver"


async def test_a_token_that_was_called_in_is_refused_but_its_use_is_noted(scene: Scene) -> None:
    token = await scene.make()
    await scene.client.patch(SECRETS, "s", {"metadata": {"labels": {INVALID_SINCE: "2022-01-01"}}}, "default")
    assert await scene.use(token) == 401
    assert (await scene.labels())[LAST_USED] == scene.today


async def test_the_day_on_which_tracking_began_is_kept(scene: Scene) -> None:
    began = scene.today
    assert await scene.tracking() == {"since": began}
    await scene.pass_time(DAY)
    assert await scene.tracking() == {"since": began}
    await scene.client.patch(CONFIGMAPS, TRACKING, {"data": {"since": "long ago"}}, "kube-system")
    assert await scene.tracking() == {"since": scene.today}
    await scene.client.delete(CONFIGMAPS, TRACKING, "kube-system")
    assert await scene.tracking() == {"since": scene.today}


async def test_it_is_not_made_again_twice_in_half_an_hour(scene: Scene) -> None:
    await scene.client.delete(CONFIGMAPS, TRACKING, "kube-system")
    await scene.pass_time(1790)
    assert not (await scene.client.list(CONFIGMAPS, "kube-system")).items
    await scene.pass_time(10)
    assert await scene.tracking() == {"since": scene.today}


async def test_unused_tokens_are_called_in_and_deleted_after_another_year(scene: Scene) -> None:
    began = parse_date(scene.today)
    token = await scene.make()
    clock = scene.world.clock
    await scene.pass_time(began + DAY + YEAR - clock.time() - 1)
    assert await scene.labels() == {}
    await scene.pass_time(1)
    assert await scene.labels() == {INVALID_SINCE: scene.today}
    called_in = parse_date(scene.today)
    assert await scene.use(token) == 401
    used = (await scene.labels())[LAST_USED]
    assert used == scene.today
    await scene.pass_time(called_in + DAY + YEAR - clock.time() - 1)
    assert len(await scene.secrets()) == 1
    await scene.pass_time(1)
    assert await scene.secrets() == []


async def test_what_somebody_made_for_himself_stays(scene: Scene) -> None:
    await scene.make(listed=False)
    await scene.pass_time(3 * YEAR)
    assert await scene.labels() == {}


async def test_what_a_pod_refers_to_stays_until_it_is_gone(scene: Scene) -> None:
    await scene.make()
    volume = {"name": "v", "secret": {"secretName": "s"}}
    spec = {"containers": [{"name": "c", "image": "x"}], "volumes": [volume], "serviceAccountName": "robot"}
    await scene.client.create(PODS, {"metadata": {"name": "p"}, "spec": spec}, "default")
    await scene.pass_time(2 * YEAR)
    assert await scene.labels() == {}
    await scene.client.delete(PODS, "p", "default", grace_seconds=0)
    await scene.pass_time(DAY)
    assert INVALID_SINCE in await scene.labels()
