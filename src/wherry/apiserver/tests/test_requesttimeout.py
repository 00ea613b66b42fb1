"""How long a request may take."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from wherry.api.errors import BadRequest, Timeout
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.requestinfo import RequestInfo, parse
from wherry.apiserver.requesttimeout import MOST_SECONDS, in_time, seconds_of
from wherry.apiserver.tests.harness import CONFIGMAPS, Server, configmap
from wherry.lib.tasks import Tasks
from wherry.store import Revision, Write
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.eventloop import settle
from wherry.transport.messages import Reply, Response

GET = parse("GET", f"{CONFIGMAPS}/a")


@pytest.mark.parametrize(
    ("text", "info", "seconds"),
    [
        pytest.param("10s", GET, 10.0, id="as asked"),
        pytest.param("1m30s", GET, MOST_SECONDS, id="more than the server gives"),
        pytest.param("0s", GET, MOST_SECONDS, id="no limit asked"),
        pytest.param("-1s", GET, MOST_SECONDS, id="less than nothing"),
        pytest.param("", GET, None, id="nothing said"),
        pytest.param("1s", parse("GET", CONFIGMAPS, watch=True), None, id="a watch"),
        pytest.param("1s", parse("GET", "/api/v1/namespaces/d/pods/p/log"), None, id="a log"),
        pytest.param("nonsense", parse("GET", "/api/v1/namespaces/d/pods/p/log"), None, id="a log, nonsense"),
    ],
)
def test_what_is_asked_for(text: str, info: RequestInfo, seconds: float | None) -> None:
    assert seconds_of(text, info) == seconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10", 'time: missing unit in duration "10"'),
        ("ten", 'time: invalid duration "ten"'),
        ("1y", 'time: unknown unit "y" in duration "1y"'),
    ],
)
def test_what_is_no_duration(text: str, why: str) -> None:
    with pytest.raises(BadRequest) as caught:
        seconds_of(text, GET)
    assert caught.value.message == f"invalid timeout specified in the request URL - {why}"


async def never() -> Reply:
    return await asyncio.Future()


async def test_whoever_gives_up_by_himself_is_no_timeout() -> None:
    clock, tasks = ManualClock(), Tasks("test")
    task = tasks.spawn(in_time(clock, never(), 5, "get"), "request")
    await settle()
    await tasks.close()
    assert task.cancelled()
    assert clock.next_due is None


async def test_who_is_done_in_time_leaves_no_timer() -> None:
    clock = ManualClock()

    async def soon() -> Reply:
        return Response(200)

    assert await in_time(clock, soon(), 5, "get") == Response(200)
    assert clock.next_due is None


@pytest.mark.parametrize(
    ("verb", "why"),
    [
        ("list", "Timeout: request did not complete within the allotted timeout"),
        ("create", "Timeout: request did not complete within requested timeout - context deadline exceeded"),
    ],
)
async def test_reads_and_writes_are_told_in_upstreams_words(verb: str, why: str) -> None:
    clock = ManualClock()
    async with asyncio.TaskGroup() as group:
        group.create_task(clock.advance(5))
        with pytest.raises(Timeout) as caught:
            await in_time(clock, never(), 5, verb)
    assert caught.value.message == why


class SlowStore(MemoryStore):
    """Carries writes out when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_held = False
        self.held: list[Write] = []

    def write(self, write: Write) -> asyncio.Future[Revision]:
        if not self.is_held:
            return super().write(write)
        self.held.append(write)
        return asyncio.get_running_loop().create_future()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    clock = ManualClock()
    api = Api(Settings(store=SlowStore(), clock=clock, random=random.Random(1)))
    await api.open()
    yield Server(api, clock)
    await api.close()


async def test_a_write_that_takes_too_long(server: Server) -> None:
    store = server.api.core.store
    assert isinstance(store, SlowStore)
    store.is_held = True
    async with asyncio.TaskGroup() as group:
        call = group.create_task(server.call("POST", f"{CONFIGMAPS}?timeout=2s", configmap("a")))
        await server.clock.advance(1.9)
        assert (len(store.held), call.done()) == (1, False)
        await server.clock.advance(0.2)
    answer = call.result()
    assert (answer.status, answer.body["reason"], answer.body["code"]) == (504, "Timeout", 504)
    store.is_held = False
    assert (await server.call("POST", f"{CONFIGMAPS}?timeout=2s", configmap("b"))).status == 201


async def test_nonsense_is_refused_before_anything_else(server: Server) -> None:
    answer = await server.call("POST", f"{CONFIGMAPS}?timeout=soon", configmap("a"))
    assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
    assert (await server.call("GET", f"{CONFIGMAPS}/a")).status == 404
