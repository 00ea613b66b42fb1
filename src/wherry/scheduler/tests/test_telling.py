"""What is said of a Pod is written in order, and nothing of it after the Pod got its node."""

from __future__ import annotations

from typing import Any, cast

import pytest

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Key
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.scheduler.model import Asks
from wherry.scheduler.telling import News, Telling
from wherry.scheduler.tests.scene import scene
from wherry.scheduler.writes import UNSCHEDULABLE

_SLOW = 30.0


class SlowNews:
    """A client by which patches take their time."""

    def __init__(self, real: Client) -> None:
        self._real = real
        self.clock: Clock | None = None
        self.patches = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def patch(self, *args: Any, **options: Any) -> Obj:
        if self.clock is not None:
            self.patches += 1
            await self.clock.sleep(_SLOW)
        return await self._real.patch(*args, **options)


@pytest.fixture
def slow() -> list[SlowNews]:
    return []


def _between(slow: list[SlowNews]) -> Any:
    def between(client: Client) -> Any:
        slow.append(SlowNews(client))
        return slow[0]

    return between


def _scheduled(pod: Obj) -> list[str]:
    return [one["status"] for one in pod["status"].get("conditions", ()) if one["type"] == "PodScheduled"]


async def test_what_was_said_before_a_binding_is_not_written_after_it(slow: list[SlowNews]) -> None:
    async with scene(between=_between(slow)) as on:
        slow[0].clock = on.clock
        await on.pod("web")
        await on.node("n1")
        await on.pass_time(_SLOW / 2)
        assert await on.home("web") == ""
        await on.pass_time(_SLOW * 4)
        assert await on.home("web") == "n1"
        assert _scheduled(await on.get("web")) == ["True"]


async def test_the_newest_takes_the_place_of_what_waits(slow: list[SlowNews]) -> None:
    async with scene(between=_between(slow)) as on, Tasks("test") as tasks:
        await on.pod("web")
        pod = on.client.informer(PODS, Pod).get(Key("default", "web"))
        assert pod is not None
        slow[0].clock, web = on.clock, Asks().pod_info(pod)
        telling = Telling(cast(Client, slow[0]), on.clock, tasks, lambda _: pod, lambda uid: None)
        for message, nominated in (("first", None), ("second", "n1"), ("third", None)):
            telling.say(News(web, message, UNSCHEDULABLE, nominated))
            await on.settle()
        await on.pass_time(_SLOW)
        assert await on.why("web") == "first"
        await on.pass_time(_SLOW)
        assert (await on.why("web"), (await on.get("web"))["status"]["nominatedNodeName"]) == ("third", "n1")
        assert slow[0].patches == 2
