"""Several extenders, one after the other, and what becomes of a decision when one of them is away."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from wherry.scheduler.configuration import Configuration, ExtenderSettings
from wherry.scheduler.tests.remote import Remote, extended, serving, until_asked
from wherry.scheduler.tests.scene import Scene, scene


async def three_nodes(on: Scene) -> None:
    for name in ("n1", "n2", "n3"):
        await on.node(name)


def without(name: str) -> Any:
    return lambda body: {"NodeNames": [one for one in body["NodeNames"] if one != name]}


async def test_each_is_asked_about_what_the_last_has_left() -> None:
    first, second = Remote(filter=without("n1")), Remote(filter=without("n2"))
    async with extended(first, second, has_nodes=True) as on:
        await three_nodes(on)
        await on.pod("web")
        await until_asked(on, second)
        assert first.asked[0][1]["NodeNames"] == ["n1", "n2", "n3"]
        assert second.asked[0][1]["NodeNames"] == ["n2", "n3"]
        assert await on.home("web") == "n3"


async def test_nobody_is_asked_about_nothing() -> None:
    nothing, second = Remote(filter=lambda body: {"NodeNames": []}), Remote(filter=without(""))
    async with extended(nothing, second, has_nodes=True) as on:
        await three_nodes(on)
        await on.pod("web")
        await until_asked(on, nothing)
        assert second.asked == []
        assert await on.home("web") == ""


async def test_what_cannot_be_mended_goes_before_what_can() -> None:
    def both(body: Any) -> Any:
        return {"NodeNames": [], "FailedNodes": {"n1": "full"}, "FailedAndUnresolvableNodes": {"n1": "no licence"}}

    remote = Remote(filter=both)
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        assert (await on.why("web")).startswith("0/1 nodes are available: 1 no licence.")
        assert "1 Preemption is not helpful for scheduling" in await on.why("web")


async def test_ratings_add_up_by_weight() -> None:
    def rates(**scores: int) -> Remote:
        return Remote(prioritize=lambda body: [{"Host": name, "Score": score} for name, score in scores.items()])

    light, heavy = rates(n1=10, n2=0, n3=0), rates(n1=0, n2=10, n3=0)
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(serving(light, has_nodes=True, weight=10))
        other = await stack.enter_async_context(serving(heavy, has_nodes=True, weight=30))
        on = await stack.enter_async_context(scene(Configuration(extenders=(one, other))))
        await three_nodes(on)
        await on.pod("web")
        await until_asked(on, heavy)
        assert await on.home("web") == "n2"


async def test_where_an_ignorable_one_does_not_bind_the_scheduler_does() -> None:
    remote = Remote(bind=lambda body: {"Error": "not today"})
    async with extended(remote, is_ignorable=True) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web") == "n1"


async def test_what_another_says_against_a_binding() -> None:
    remote = Remote(bind=lambda body: {"Error": "not today"})
    async with extended(remote) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web") == ""
        assert await on.why("web") == "binding rejected: not today"


@pytest.mark.parametrize("is_ignorable", [False, True])
async def test_one_that_does_not_answer_in_time(is_ignorable: bool) -> None:
    connected = asyncio.Event()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(silence, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    extender = ExtenderSettings(url=url, filter_verb="filter", is_ignorable=is_ignorable, has_nodes=True, timeout=0.05)
    async with scene(Configuration(extenders=(extender,))) as on:
        await on.node("n1")
        await on.pod("web")
        await connected.wait()
        for _ in range(100):
            await asyncio.sleep(0.005)
            await on.settle()
            if await on.home("web") or await on.why("web"):
                break
        assert await on.home("web") == ("n1" if is_ignorable else "")
        if not is_ignorable:
            assert (await on.why("web")).startswith(f'Post "{url}/filter": context deadline exceeded')
    silent.close()
