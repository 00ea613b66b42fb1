"""Watches through `handle`: where they begin, what they show, and what becomes of slow readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest

from wherry.apiserver import watchstream
from wherry.apiserver.tests.harness import CONFIGMAPS, Screen, Server, configmap, serving
from wherry.transport.messages import Stream

MERGE = {"content-type": "application/merge-patch+json"}
INITIAL = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


async def settle() -> None:
    """Let deliveries happen."""
    for _ in range(6):
        await asyncio.sleep(0)


async def test_without_version_shows_the_state_and_what_follows(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    screen = await server.watch(f"{CONFIGMAPS}?watch=1")
    await server.post(CONFIGMAPS, configmap("b"))
    await server.call("PATCH", f"{CONFIGMAPS}/a", {"data": {"x": "1"}}, MERGE)
    await server.call("DELETE", f"{CONFIGMAPS}/b")
    await settle()
    assert screen.seen == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in screen.events]
    assert versions == sorted(versions)


async def test_from_a_version_goes_on(server: Server) -> None:
    version = (await server.post(CONFIGMAPS, configmap("a")))["metadata"]["resourceVersion"]
    await server.post(CONFIGMAPS, configmap("b"))
    screen = await server.watch(f"{CONFIGMAPS}?watch=1&resourceVersion={version}")
    await settle()
    assert screen.seen == [("ADDED", "b")]


async def test_label_selector_translates_events(server: Server) -> None:
    screen = await server.watch(f"{CONFIGMAPS}?watch=1&labelSelector=on%3Dyes")
    await server.post(CONFIGMAPS, configmap("a"))
    await server.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"labels": {"on": "yes"}}}, MERGE)
    await server.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"labels": None}}, MERGE)
    await settle()
    assert screen.seen == [("ADDED", "a"), ("DELETED", "a")]


async def test_one_name_by_field_selector_or_path(server: Server) -> None:
    by_field = await server.watch(f"{CONFIGMAPS}?watch=1&fieldSelector=metadata.name%3Da")
    by_path = await server.watch("/api/v1/watch/namespaces/default/configmaps/a")
    await server.post(CONFIGMAPS, configmap("a"))
    await server.post(CONFIGMAPS, configmap("b"))
    await settle()
    assert by_field.seen == by_path.seen == [("ADDED", "a")]


async def test_initial_events_end_with_a_bookmark(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    screen = await server.watch(f"{CONFIGMAPS}?watch=1&{INITIAL}")
    assert screen.seen == [("ADDED", "a"), ("BOOKMARK", "")]
    meta = screen.events[-1]["object"]["metadata"]
    assert meta["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert meta["resourceVersion"] == str(server.api.core.cache.revision)


async def test_too_old_version_is_an_error_event(server: Server) -> None:
    kind = server.api.core.cache.kind("configmaps")
    for name in "abc":
        await server.post(CONFIGMAPS, configmap(name))
    kind.window.forget(server.api.core.cache.revision)
    screen = await server.watch(f"{CONFIGMAPS}?watch=1&resourceVersion=1")
    (event,) = screen.events
    assert event["type"] == "ERROR"
    floor = server.api.core.cache.revision
    assert event["object"]["message"] == f"too old resource version: 1 ({floor})"
    assert (event["object"]["reason"], event["object"]["code"]) == ("Expired", 410)
    assert screen.is_closed


async def test_bookmarks_come_about_each_minute_and_at_the_end(server: Server) -> None:
    screen = await server.watch(f"{CONFIGMAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=100")
    assert screen.seen == [("BOOKMARK", "")]  # who names no version is told when he has seen the state
    assert screen.events[0]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    await server.clock.advance(61)
    assert screen.seen == [("BOOKMARK", "")] * 2
    await server.post("/api/v1/namespaces", {"metadata": {"name": "n"}})
    await server.clock.advance(40)
    assert screen.is_closed
    last = screen.events[-1]
    assert (last["type"], last["object"]["metadata"]["resourceVersion"]) == (
        "BOOKMARK",
        str(server.api.core.cache.revision),
    )


async def test_a_slow_reader_waits_and_loses_nothing(server: Server) -> None:
    screen = await server.watch(f"{CONFIGMAPS}?watch=1")
    screen.is_paused = True
    for name in "abc":
        await server.post(CONFIGMAPS, configmap(name))
    await settle()
    assert screen.seen == []
    screen.resume()
    assert screen.seen == [("ADDED", name) for name in "abc"]


async def test_a_reader_that_never_reads_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchstream, "_MOST_WAITING_EVENTS", 10)
    screen = await server.watch(f"{CONFIGMAPS}?watch=1")
    screen.is_paused = True
    for index in range(20):
        await server.post(CONFIGMAPS, configmap(f"c{index}"))
        await settle()
    assert screen.is_aborted
    assert server.api.core.cache.kind("configmaps").watchers == 0


class Lagging(Screen):
    """A reader who has not taken the first events when the stream ends."""

    def __init__(self) -> None:
        super().__init__()
        self.is_paused = True
        self._ended = asyncio.Event()

    def close(self) -> None:
        super().close()
        self.is_paused = False
        self._ended.set()

    async def drain(self) -> None:
        await self._ended.wait()


async def test_a_watch_whose_time_is_over_before_the_state_was_read_leaves_nothing(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    reply = await server.raw("GET", f"{CONFIGMAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=10")
    assert isinstance(reply, Stream)
    screen = Lagging()
    started = reply.start(screen)
    assert started is not None
    async with asyncio.TaskGroup() as group:
        group.create_task(_finished(started))
        await server.clock.advance(11)
    assert screen.is_closed
    await server.clock.advance(200)  # a bookmark would be written to a closed stream, which the screen does not bear
    assert server.api.core.cache.kind("configmaps").watchers == 0


async def _finished(work: Awaitable[None]) -> None:
    await work


async def test_a_peer_that_leaves_is_forgotten(server: Server) -> None:
    screen = await server.watch(f"{CONFIGMAPS}?watch=1")
    screen.leave()
    await server.post(CONFIGMAPS, configmap("a"))
    await settle()
    assert screen.data == b""


async def test_tables_tell_their_columns_once(server: Server) -> None:
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    screen = await server.watch(f"{CONFIGMAPS}?watch=1", accept)
    await server.post(CONFIGMAPS, configmap("a", x="1"))
    await server.post(CONFIGMAPS, configmap("b"))
    await settle()
    first, second = screen.events
    assert [column["name"] for column in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert first["object"]["rows"][0]["cells"] == ["a", 1, "0s"]
    assert second["object"]["columnDefinitions"] is None
    assert second["object"]["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
