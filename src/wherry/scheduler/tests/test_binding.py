"""Plugins that sort the queue, permit, bind, and hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wherry.api.core.pod import PODS
from wherry.scheduler import writes
from wherry.scheduler.configuration import Configuration, ProfileSettings
from wherry.scheduler.model import PodInfo
from wherry.scheduler.permitting import Wait, WaitingPods
from wherry.scheduler.queue import Place
from wherry.scheduler.rules import PLACED_POD, Action, Handle, Hint, Plugin, Promise, Queued, Refusal, Rejection
from wherry.scheduler.tests.scene import Scene, scene


class Mine:
    """A plugin of the test's own."""

    def __init__(self, **parts: Any) -> None:
        self.parts = parts
        self.handle: Handle

    def make(self, _args: object, handle: Handle) -> Plugin:
        self.handle = handle
        return Plugin("Mine", **self.parts)

    @property
    def waiting(self) -> WaitingPods:
        return self.handle.waiting


def using(mine: Mine, **settings: Any) -> Configuration:
    filters = ("NodeResourcesFit", "DefaultPreemption", "Mine")
    profile = ProfileSettings(filters=filters, scores={}, **settings)
    return Configuration(profiles=(profile,), plugins={"Mine": mine.make})


def permitting(said: Callable[[PodInfo], Wait | Refusal | None]) -> Mine:
    return Mine(permit=lambda pod, node: said(pod), hints=(Hint(PLACED_POD, Action.ADD),))


async def place(on: Scene, name: str) -> Place:
    return on.scheduler.queue.place((await on.get(name))["metadata"]["uid"])


async def test_who_is_not_permitted_waits_for_what_may_help() -> None:
    async with scene(using(permitting(lambda pod: Refusal(("not today",)) if pod.key.name == "web" else None))) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        message = "0/1 nodes are available: 1 not today."
        assert await on.why("web") == message
        assert await on.events("web") == [("FailedScheduling", message)]
        assert await place(on, "web") is Place.WAITING
        await on.pod("other", "1")
        assert await on.home("other") == "n1"


async def test_a_plugin_that_breaks() -> None:
    def permit(pod: PodInfo, node: str) -> None:
        raise ValueError("no idea")

    async with scene(using(Mine(permit=permit))) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        assert await on.why("web") == 'running Permit plugin "Mine": no idea'
        assert on.scheduler.counters.error == 1


async def test_who_waits_has_its_room_and_is_bound_when_allowed() -> None:
    mine = permitting(lambda pod: Wait(60) if pod.key.name == "web" else None)
    async with scene(using(mine)) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        await on.pod("other", "1")
        assert await on.homes() == {"web": "", "other": ""}
        assert (await on.get("web"))["status"]["nominatedNodeName"] == "n1"
        (one,) = mine.waiting
        assert (one.pod.key.name, one.node, one.pending) == ("web", "n1", ("Mine",))
        one.allow("Mine")
        await on.settle()
        assert await on.homes() == {"web": "n1", "other": ""}
        assert len(mine.waiting) == 0


async def test_who_waited_in_vain_leaves_its_room_to_others() -> None:
    async with scene(using(permitting(lambda pod: Wait(5) if pod.key.name == "web" else None))) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        await on.pod("other", "1")
        await on.pass_time(5)
        text = "0/1 nodes are available: 1 rejected due to timeout after waiting 5s at plugin Mine."
        assert ("FailedScheduling", text) in await on.events("web")
        await on.pass_time(1)
        assert await on.homes() == {"web": "", "other": "n1"}
        assert "nominatedNodeName" not in (await on.get("web"))["status"]


async def test_one_that_is_deleted_waits_no_longer() -> None:
    mine = permitting(lambda pod: Wait(60) if pod.key.name == "web" else None)
    async with scene(using(mine)) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        await on.delete("web")
        assert (len(mine.waiting), len(on.scheduler.queue)) == (0, 0)
        await on.pod("other", "1")
        assert await on.home("other") == "n1"


async def test_one_that_waits_is_sent_back_rather_than_evicted() -> None:
    mine = permitting(lambda pod: Wait(60) if pod.key.name == "web" else None)
    async with scene(using(mine)) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        await on.pod("high", "1", priority=10)
        await on.pass_time(2)
        assert await on.homes() == {"web": "", "high": "n1"}
        reasons = [reason for reason, _ in await on.events("web")]
        assert "Preempted" in reasons
        assert ("FailedScheduling", "0/1 nodes are available: 1 preempted.") in await on.events("web")


async def test_one_that_somebody_else_binds_meanwhile() -> None:
    mine = permitting(lambda pod: Wait(60) if pod.key.name == "web" else None)
    async with scene(using(mine)) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "1")
        (one,) = mine.waiting
        await writes.bind(on.client, one.pod, "elsewhere")
        await on.settle()
        assert (len(mine.waiting), len(on.scheduler.queue)) == (0, 0)
        await on.pod("other", "1")
        assert await on.homes() == {"web": "elsewhere", "other": "n1"}


async def test_a_plugin_binds_what_is_its_own_and_hears_of_all() -> None:
    async def write(pod: PodInfo, node: str) -> bool:
        if not pod.key.name.startswith("my-"):
            return False
        await writes.bind(mine.handle.client, pod, node)
        await mine.handle.client.patch(PODS, pod.key.name, {"metadata": {"labels": {"bound-by": "me"}}}, "default")
        return True

    told: list[tuple[str, str]] = []
    mine = Mine(bind=write, post_bind=lambda pod, node: told.append((pod.key.name, node)))
    async with scene(using(mine, binders=("Mine", "DefaultBinder"))) as on:
        await on.node("n1")
        await on.pod("my-pod")
        await on.pod("other")
        assert await on.homes() == {"my-pod": "n1", "other": "n1"}
        assert (await on.get("my-pod"))["metadata"]["labels"] == {"bound-by": "me"}
        assert told == [("my-pod", "n1"), ("other", "n1")]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError("too slow"), 'binding rejected: running Bind plugin "Mine": too slow'),
        (Rejection(Refusal(("no licence",))), "0/1 nodes are available: 1 no licence."),
    ],
    ids=["an error", "a rejection"],
)
async def test_a_binding_that_fails(error: Exception, text: str) -> None:
    async def write(pod: PodInfo, node: str) -> bool:
        raise error

    async with scene(using(Mine(bind=write))) as on:
        await on.node("n1")
        await on.pod("web")
        assert await on.why("web") == text


async def test_nobody_binds_it() -> None:
    async def write(pod: PodInfo, node: str) -> bool:
        return False

    async with scene(using(Mine(bind=write))) as on:
        await on.node("n1")
        await on.pod("web")
        assert "no plugin has bound the Pod" in await on.why("web")


async def test_an_order_of_its_own() -> None:
    def by_name(queued: Queued) -> str:
        return queued.pod.key.name

    async with scene(using(Mine(order=by_name))) as on:
        for name in ("c", "a", "b"):
            await on.pod(name, "1", priority=ord(name))
        await on.node("n1", cpu="2")
        assert await on.homes() == {"a": "n1", "b": "n1", "c": ""}


async def test_one_that_waits_is_tried_at_a_word() -> None:
    doors: set[str] = set()

    def gate(pod: PodInfo) -> Refusal | None:
        return None if pod.key.name in doors else Refusal(("not yet",))

    mine = Mine(gate=gate)
    async with scene(using(mine)) as on:
        await on.node("n1")
        await on.pod("web")
        assert await place(on, "web") is Place.GATED
        doors.add("web")
        mine.handle.activate((await on.get("web"))["metadata"]["uid"])
        await on.settle()
        assert await on.home("web") == "n1"


async def test_a_plugin_that_makes_room_promises_it() -> None:
    made: list[str] = []

    def make_room(pod: PodInfo) -> Promise:
        made.append(pod.key.name)
        return Promise("n1")

    async with scene(using(Mine(nowhere=make_room), preemption=("Mine", "DefaultPreemption"))) as on:
        await on.node("n1", cpu="1")
        await on.pod("low", "1")
        await on.pod("high", "1", priority=10)
        assert (await on.get("high"))["status"]["nominatedNodeName"] == "n1"
        assert await on.why("high") == "0/1 nodes are available: 1 Insufficient cpu."
        assert "deletionTimestamp" not in (await on.get("low"))["metadata"], "nobody else is asked"
        await on.delete("low")
        await on.pod("quick", "1", priority=5)
        assert await on.homes() == {"high": "n1", "quick": ""}
        assert made == ["high", "quick"]


async def test_what_a_plugin_did_for_it_is_told() -> None:
    async with scene(using(Mine(nowhere=lambda pod: "asked for a larger node"), preemption=("Mine",))) as on:
        await on.node("n1", cpu="1")
        await on.pod("web", "2")
        assert await on.why("web") == "0/1 nodes are available: 1 Insufficient cpu. asked for a larger node"
