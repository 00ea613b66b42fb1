"""What happens to an informer when connections break, watches end, and the server has forgotten where it was."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.errors import ApiError, Expired, Forbidden, Invalid
from wherry.api.types.core_v1 import ConfigMap
from wherry.client import Informer, Key
from wherry.client.http import HttpClient
from wherry.testing.clientsuite import Recorder, configmap, until
from wherry.testing.clock import ManualClock
from wherry.transport.connect import Connector, Endpoint
from wherry.transport.messages import Reply, Request, Response, Sink, Stream
from wherry.transport.server import Server


def at(version: int, name: str, x: str = "1") -> Obj:
    obj = configmap(name, x)
    obj["metadata"]["resourceVersion"] = str(version)
    return obj


def event(type: str, obj: Obj) -> bytes:
    return msgspec.json.encode({"type": type, "object": obj}) + b"\n"


def bookmark(version: int, *, is_end: bool = False) -> bytes:
    meta: Obj = {"resourceVersion": str(version)}
    if is_end:
        meta["annotations"] = {"k8s.io/initial-events-end": "true"}
    return event("BOOKMARK", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})


class Script:
    """A server whose next answers the test has written down: each a stream's beginning, a page, or an error.

    When there is nothing left the client waits in a silent watch.
    """

    def __init__(self) -> None:
        self.steps: list[bytes | Obj | ApiError] = []
        self.queries: list[dict[str, str]] = []
        self.sinks: list[Sink] = []

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        self.queries.append(dict(parse_qsl(request.query)))
        step = self.steps.pop(0) if self.steps else b""
        if isinstance(step, ApiError):
            raise step
        if isinstance(step, dict):
            return Response(200, msgspec.json.encode(step))
        return Stream(lambda sink: self._begin(sink, step))

    def _begin(self, sink: Sink, first: bytes) -> None:
        self.sinks.append(sink)
        sink.write(first)


World = tuple[Script, Informer[ConfigMap], Recorder, ManualClock]
Start = Callable[..., Awaitable[World]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    ends: list[Callable[[], Awaitable[Any]]] = []

    async def begin(*steps: bytes | Obj | ApiError) -> World:
        script = Script()
        script.steps += steps
        server = Server(script)
        await server.start()
        clock = ManualClock()
        client = HttpClient(Connector(Endpoint("127.0.0.1", server.port)), clock=clock, random=random.Random(3))
        ends.extend((client.close, lambda: server.stop(0)))
        informer = client.informer(CONFIGMAPS, ConfigMap)
        recorder = Recorder()
        informer.add_handler(recorder)
        return script, informer, recorder, clock

    yield begin
    for end in ends:
        await end()


ALL = event("ADDED", at(3, "a")) + event("ADDED", at(5, "b")) + bookmark(7, is_end=True)


async def test_the_first_list_comes_through_the_watch(start: Start) -> None:
    script, informer, recorder, _ = await start(ALL)
    await informer.wait_synced()
    assert [name for name, _ in recorder.changes] == ["a", "b"]
    query = script.queries[0]
    assert (query["watch"], query["sendInitialEvents"], query["resourceVersionMatch"]) == (
        "true",
        "true",
        "NotOlderThan",
    )
    assert query["allowWatchBookmarks"] == "true"
    assert 300 <= int(query["timeoutSeconds"]) <= 600
    script.sinks[0].write(event("MODIFIED", at(8, "a", "2")))
    await until(lambda: recorder.of("a") == [(None, "1"), ("1", "2")])
    assert len(script.queries) == 1


async def test_nothing_is_shown_before_the_list_is_complete(start: Start) -> None:
    script, informer, recorder, _ = await start(event("ADDED", at(3, "a")))
    await until(lambda: script.sinks)
    script.sinks[0].write(event("ADDED", at(5, "b")) + event("MODIFIED", at(6, "a", "2")))
    script.sinks[0].write(event("DELETED", at(7, "b")))
    assert list(informer.list()) == []
    script.sinks[0].write(bookmark(7, is_end=True))
    await informer.wait_synced()
    assert recorder.changes == [("a", (None, "2"))]


async def test_a_server_that_cannot_stream_lists_is_asked_for_pages(start: Start) -> None:
    refused = Invalid("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch")
    script, informer, recorder, _ = await start(
        refused,
        {"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [at(3, "a")]},
        {"metadata": {"resourceVersion": "7"}, "items": [at(5, "b")]},
    )
    await informer.wait_synced()
    await until(lambda: len(script.queries) == 4)
    assert [name for name, _ in recorder.changes] == ["a", "b"]
    first, second, watch = script.queries[1:]
    assert (first["limit"], second["continue"]) == ("500", "more")
    assert (watch["watch"], watch["resourceVersion"]) == ("true", "7")
    assert "sendInitialEvents" not in watch


async def test_a_watch_that_breaks_is_taken_up_where_it_was(start: Start) -> None:
    script, informer, recorder, clock = await start(ALL)
    await informer.wait_synced()
    script.sinks[0].write(event("MODIFIED", at(9, "a", "2")))
    await until(lambda: len(recorder.of("a")) == 2)
    script.sinks[0].abort()
    await until(lambda: clock.next_due)
    await clock.advance(2)
    await until(lambda: len(script.queries) == 2)
    assert script.queries[1]["resourceVersion"] == "9"
    assert "sendInitialEvents" not in script.queries[1]
    assert len(recorder.changes) == 3


async def test_a_watch_that_ends_is_taken_up_at_once(start: Start) -> None:
    script, informer, recorder, _ = await start(ALL)
    await informer.wait_synced()
    script.sinks[0].close()
    await until(lambda: len(script.queries) == 2)
    assert script.queries[1]["resourceVersion"] == "7"
    assert len(recorder.changes) == 2


async def test_bookmarks_move_the_place_on(start: Start) -> None:
    script, informer, recorder, _ = await start(ALL)
    await informer.wait_synced()
    script.sinks[0].write(bookmark(400))
    script.sinks[0].close()
    await until(lambda: len(script.queries) == 2)
    assert script.queries[1]["resourceVersion"] == "400"
    assert len(recorder.changes) == 2


GONE = Expired("too old resource version: 7 (90)")


@pytest.mark.parametrize("within", [True, False], ids=["as an event", "as the answer"])
async def test_when_the_place_is_forgotten_only_differences_are_heard(start: Start, within: bool) -> None:
    now = event("ADDED", at(3, "a")) + event("ADDED", at(95, "c")) + bookmark(95, is_end=True)
    gone: bytes | ApiError = event("ERROR", GONE.status) if within else GONE
    script, informer, recorder, _ = await start(ALL, gone, now)
    await informer.wait_synced()
    script.sinks[0].close()
    await until(lambda: len(recorder.changes) == 4)
    assert recorder.changes[2:] == [("b", ("1", None)), ("c", (None, "1"))]
    assert sorted(obj.metadata.name or "" for obj in informer.list()) == ["a", "c"]
    assert script.queries[2]["sendInitialEvents"] == "true"
    assert "resourceVersion" not in script.queries[2]


async def test_it_never_gives_up_but_waits_longer_and_longer(start: Start) -> None:
    script, informer, _, clock = await start(*[Forbidden("no") for _ in range(8)], ALL)
    waits: list[float] = []
    for count in range(1, 9):
        await until(partial(lambda count: len(script.queries) == count and clock.next_due, count))
        waits.append(clock.next_due or 0.0)
        await clock.advance(waits[-1])
    await informer.wait_synced()
    for wait, base in zip(waits, (0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30), strict=True):
        assert base <= wait <= 2 * base


async def test_watches_that_end_at_once_do_not_spin(start: Start) -> None:
    script, informer, _, clock = await start(ALL)
    await informer.wait_synced()
    script.sinks[0].close()
    await until(lambda: len(script.sinks) == 2)
    script.sinks[1].close()
    await until(lambda: clock.next_due)
    assert len(script.queries) == 2
    await clock.advance(2)
    await until(lambda: len(script.queries) == 3)


async def test_a_first_list_that_breaks_off_begins_anew(start: Start) -> None:
    script, informer, recorder, clock = await start(event("ADDED", at(1, "old")), ALL)
    await until(lambda: script.sinks)
    script.sinks[0].close()
    await until(lambda: clock.next_due)
    await clock.advance(2)
    await informer.wait_synced()
    assert [name for name, _ in recorder.changes] == ["a", "b"]


async def test_an_event_that_cannot_be_read_makes_it_read_everything(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    broken = at(9, "a")
    broken["data"] = ["not", "a", "map"]
    script, informer, _, clock = await start(ALL, ALL)
    await informer.wait_synced()
    script.sinks[0].write(event("MODIFIED", broken))
    await until(lambda: clock.next_due)
    await clock.advance(2)
    await until(lambda: len(script.queries) == 2)
    assert script.queries[1]["sendInitialEvents"] == "true"
    assert informer.get(Key("default", "a")) is not None
    assert "configmaps" in caplog.text


async def test_what_was_seen_already_changes_nothing(start: Start) -> None:
    script, informer, recorder, _ = await start(ALL)
    await informer.wait_synced()
    script.sinks[0].write(event("MODIFIED", at(3, "a")) + event("DELETED", at(9, "never heard of")))
    script.sinks[0].write(event("ADDED", at(10, "c")))
    await until(lambda: recorder.of("c"))
    assert [name for name, _ in recorder.changes] == ["a", "b", "c"]
