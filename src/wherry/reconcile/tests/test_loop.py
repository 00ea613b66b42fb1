from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.secret import SECRETS
from wherry.api.errors import Conflict, ServiceUnavailable
from wherry.api.types.metadata import Metadata
from wherry.apiserver.api import Api, Settings
from wherry.client import Client, Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Terminal, Watch
from wherry.reconcile.loop import Loops
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock


class NoEvents:
    def event(self, about: Any, type: str, reason: str, message: str, *, action: str = "") -> None: ...

    def for_component(self, component: str) -> NoEvents:
        return self


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(clock: ManualClock) -> AsyncIterator[Client]:
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(1)))
    await api.open()
    yield api.client()
    await api.close()


def loops_for(
    client: Client, clock: ManualClock, reconcile: Callable[[Key, Deps], Awaitable[Result]], **more: Any
) -> Loops:
    controller = Controller("test", CONFIGMAPS, Metadata, reconcile, **more)
    return Loops([controller], client, clock, random.Random(1), NoEvents())


async def create(client: Client, name: str) -> None:
    await client.create(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}, "default")


async def test_what_is_there_and_what_comes_is_reconciled_once_each(client: Client, clock: ManualClock) -> None:
    seen: list[str] = []

    async def reconcile(key: Key, deps: Deps) -> Result:
        seen.append(str(key))
        return DONE

    await create(client, "a")
    loops = loops_for(client, clock, reconcile)
    await loops.start()
    await loops.settled()
    await create(client, "b")
    await loops.settled()
    assert seen == ["default/a", "default/b"]
    await loops.stop()
    await create(client, "c")
    assert len(seen) == 2


async def test_a_watch_may_have_a_key_looked_at_now_or_later(client: Client, clock: ManualClock) -> None:
    times: dict[str, list[float]] = {}

    async def reconcile(key: Key, deps: Deps) -> Result:
        times.setdefault(key.name, []).append(deps.clock.monotonic() - started)
        return DONE

    def keys(old: Any, new: Any, deps: Deps) -> list[Key]:
        deps.enqueue(Key("default", "now"))
        deps.enqueue_after(Key("default", "later"), 5.0)
        return []

    loops = loops_for(client, clock, reconcile, hears_own=False, reads=(Watch(CONFIGMAPS, Metadata, keys),))
    await loops.start()
    started = clock.monotonic()
    await create(client, "a")
    await clock.advance(6)
    await loops.settled()
    assert times == {"now": [0.0], "later": [5.0]}
    await loops.stop()


async def test_failures_are_tried_again_later_and_later(client: Client, clock: ManualClock) -> None:
    times: list[float] = []

    async def reconcile(key: Key, deps: Deps) -> Result:
        times.append(deps.clock.monotonic())
        if len(times) < 4:
            raise Conflict.modified(CONFIGMAPS, key.name)
        return DONE

    await create(client, "a")
    loops = loops_for(client, clock, reconcile)
    await loops.start()
    await loops.settled()
    for _ in range(5):
        await clock.advance(0.03)
        await loops.settled()
    assert len(times) == 4
    assert loops.loops[0].stats.errors == 3
    assert loops.loops[0].queue.failures(Key("default", "a")) == 0
    await loops.stop()


_QUICKER = Conflict.modified(CONFIGMAPS, "a")
_BUSY = ServiceUnavailable("busy")


@pytest.mark.parametrize(
    ("error", "level"),
    [
        pytest.param(_QUICKER, None, id="routine"),
        pytest.param(ExceptionGroup("", [_QUICKER]), None, id="group-of-one"),
        pytest.param(ExceptionGroup("", [_QUICKER, ExceptionGroup("", [_QUICKER, _QUICKER])]), None, id="all-routine"),
        pytest.param(ExceptionGroup("", [_QUICKER, _BUSY]), "WARNING", id="one-is-not-routine"),
        pytest.param(ExceptionGroup("", [_QUICKER, ValueError("wrong")]), "ERROR", id="one-is-a-bug"),
    ],
)
async def test_only_what_is_not_routine_is_to_be_read_of(
    client: Client, clock: ManualClock, caplog: pytest.LogCaptureFixture, error: Exception, level: str | None
) -> None:
    errors = [error]

    async def reconcile(key: Key, deps: Deps) -> Result:
        if errors:
            raise errors.pop()
        return DONE

    await create(client, "a")
    loops = loops_for(client, clock, reconcile)
    with caplog.at_level("INFO", "wherry.reconcile.loop"):
        await loops.start()
        await loops.settled()
    assert [record.levelname for record in caplog.records] == ([level] if level else [])
    await loops.stop()


async def test_what_was_waited_for_being_called_off_is_a_failure_like_others(
    client: Client, clock: ManualClock
) -> None:
    tries = 0

    async def reconcile(key: Key, deps: Deps) -> Result:
        nonlocal tries
        tries += 1
        if tries == 1:
            called_off = asyncio.get_running_loop().create_future()
            called_off.cancel()
            await called_off
        return DONE

    loops = loops_for(client, clock, reconcile)
    await loops.start()
    await create(client, "a")
    await clock.advance(1)
    assert tries == 2
    await loops.stop()


async def test_a_result_asks_for_another_look(client: Client, clock: ManualClock) -> None:
    count = 0

    async def reconcile(key: Key, deps: Deps) -> Result:
        nonlocal count
        count += 1
        return Result(requeue_after=10)

    await create(client, "a")
    loops = loops_for(client, clock, reconcile)
    await loops.start()
    await loops.settled()
    await clock.advance(9)
    await loops.settled()
    assert count == 1
    await clock.advance(2)
    await loops.settled()
    assert count == 2
    await loops.stop()


async def test_terminal_is_dropped_until_the_object_changes(
    client: Client, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    count = 0

    async def reconcile(key: Key, deps: Deps) -> Result:
        nonlocal count
        count += 1
        raise Terminal("no such class")

    await create(client, "a")
    loops = loops_for(client, clock, reconcile)
    with caplog.at_level(logging.WARNING):
        await loops.start()
        await loops.settled()
        await clock.advance(2000)
        await loops.settled()
    assert count == 1
    assert "no such class" in caplog.text
    await client.patch(CONFIGMAPS, "a", {"data": {"x": "y"}}, "default")
    await loops.settled()
    assert count == 2
    await loops.stop()


async def test_no_more_workers_than_allowed_and_never_one_key_twice(client: Client, clock: ManualClock) -> None:
    running: set[Key] = set()
    most = 0

    async def reconcile(key: Key, deps: Deps) -> Result:
        nonlocal most
        assert key not in running
        running.add(key)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.remove(key)
        return DONE

    for i in range(20):
        await create(client, f"c{i}")
    loops = loops_for(client, clock, reconcile, workers=3)
    await loops.start()
    await loops.settled()
    assert most == 3
    assert loops.loops[0].stats.successes == 20
    assert ("workqueue_adds_total", "test", 20) in list(loops.samples())
    await loops.stop()


async def test_watches_map_changes_of_other_kinds_to_keys(client: Client, clock: ManualClock) -> None:
    seen: list[Key] = []

    async def reconcile(key: Key, deps: Deps) -> Result:
        assert deps.state == "made"
        seen.append(key)
        return DONE

    watch = Watch(SECRETS, Metadata, lambda old, new, deps: [Key("default", f"for-{(new or old).metadata.name}")])
    loops = loops_for(client, clock, reconcile, reads=(watch,), start=lambda deps: "made", hears_own=False)
    await loops.start()
    await create(client, "ignored")
    await client.create(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}, "default")
    await loops.settled()
    assert seen == [Key("default", "for-s")]
    await loops.stop()


async def test_stop_waits_for_work_to_be_gone(client: Client, clock: ManualClock) -> None:
    ended: list[str] = []

    async def reconcile(key: Key, deps: Deps) -> Result:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return DONE

    await create(client, "a")
    loops = loops_for(client, clock, reconcile)
    await loops.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await loops.stop()
    assert ended == ["cancelled"]
