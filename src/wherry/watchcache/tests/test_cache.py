from __future__ import annotations

import asyncio

import pytest

from wherry.store import Compacted, Revision, StoreUnavailable, Write
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.watchcache.cache import WatchCache
from wherry.watchcache.window import Batch, Event, WindowLimits

VALUE = b'{"metadata":{}}'


async def write(store: MemoryStore, key: str, expected: int = 0) -> Revision:
    return await store.write(Write(key, VALUE, Revision(expected)))


async def test_kinds_of_one_batch_are_all_up_to_date_before_anyone_hears() -> None:
    store = MemoryStore()
    cache = WatchCache(store, ManualClock())
    await cache.open()
    seen: list[tuple[str, int, bool, int]] = []

    def handle(event: Event) -> None:
        seen.append((event.type, event.revision, cache.kind("nodes").get("", "n1") is not None, cache.revision))

    cache.kind("pods").add_handler(handle)
    await asyncio.gather(write(store, "pods/a/1"), write(store, "nodes/n1"), write(store, "pods/a/2"))
    assert seen == [("ADDED", 1, True, 3), ("ADDED", 3, True, 3)]


async def test_handlers_hear_before_the_writer_and_watchers_after() -> None:
    store = MemoryStore()
    cache = WatchCache(store, ManualClock())
    await cache.open()
    order: list[str] = []
    pods = cache.kind("pods")
    pods.add_handler(lambda _: order.append("handler"))
    pods.watch("", "", None, None, lambda _: order.append("watcher"))
    await write(store, "pods/a/1")
    order.append("writer")
    for _ in range(4):
        await asyncio.sleep(0)
    assert order == ["handler", "writer", "watcher"]


async def test_a_handler_that_fails_or_leaves_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    cache = WatchCache(store, ManualClock())
    await cache.open()
    seen: list[Event] = []

    def fail(_: Event) -> None:
        raise RuntimeError

    leave = cache.kind("pods").add_handler(fail)
    cache.kind("pods").add_handler(seen.append)
    await write(store, "pods/a/1")
    leave()
    await write(store, "pods/a/2")
    assert len(seen) == 2
    assert caplog.text.count("a handler failed") == 1


async def test_a_handler_may_write_and_watch() -> None:
    store = MemoryStore()
    cache = WatchCache(store, ManualClock())
    await cache.open()
    seen: list[tuple[str, int]] = []

    def watch(batch: Batch) -> None:
        seen.extend((event.item.key, event.revision) for event in batch.events)

    def handle(event: Event) -> None:
        cache.kind("pods").watch("", "", None, None, watch)
        store.write(Write("events/a/1", VALUE, Revision(0)))
        cancel()

    cancel = cache.kind("pods").add_handler(handle)
    await write(store, "pods/a/1")
    await write(store, "pods/a/2")
    for _ in range(4):
        await asyncio.sleep(0)
    assert cache.kind("events").get("a", "1") is not None
    assert seen == [("a/2", 3)]


async def test_watchers_resume_over_a_restart() -> None:
    store = MemoryStore()
    first = WatchCache(store, ManualClock())
    await first.open()
    revision = await write(store, "pods/a/1")
    for number in range(3):
        await write(store, f"nodes/n{number}")
    later = await write(store, "pods/a/1", revision)
    await first.close()

    second = WatchCache(store, ManualClock())
    await second.open()
    seen: list[Event] = []
    second.kind("pods").watch("a", "1", None, revision, lambda batch: seen.extend(batch.events))
    for _ in range(4):
        await asyncio.sleep(0)
    assert [(event.type, event.revision, event.prev and event.prev.revision) for event in seen] == [
        ("MODIFIED", later, revision)
    ]


async def test_waiting_for_a_revision() -> None:
    store, clock = MemoryStore(), ManualClock()
    cache = WatchCache(store, clock)
    await cache.open()
    await cache.wait_revision(Revision(0), 1.0)
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(cache.wait_revision(Revision(n), 3.0)) for n in (2, 1)]
        await write(store, "pods/a/1")
        await asyncio.sleep(0)
        assert [wait.done() for wait in waits] == [False, True]
        await write(store, "pods/a/2")
    assert clock.next_due is not None  # the window's age, no longer the waits


async def test_waiting_in_vain() -> None:
    clock = ManualClock()
    cache = WatchCache(MemoryStore(), clock)
    await cache.open()
    async with asyncio.TaskGroup() as group:
        wait = group.create_task(_outcome(cache, 5.0))
        cut_short = group.create_task(_outcome(cache, 60.0))
        await clock.advance(6)
        assert isinstance(wait.result(), TimeoutError)
        await cache.close()
    assert isinstance(cut_short.result(), StoreUnavailable)


async def _outcome(cache: WatchCache, timeout: float) -> Exception | None:
    try:
        await cache.wait_revision(Revision(9), timeout)
    except Exception as error:
        return error
    return None


async def test_old_events_are_given_up_and_an_idle_cache_sleeps() -> None:
    store, clock = MemoryStore(), ManualClock()
    cache = WatchCache(store, clock, WindowLimits(seconds=300))
    await cache.open()
    pods = cache.kind("pods")
    assert clock.next_due is None
    await write(store, "pods/a/1")
    await clock.advance(200)
    second = await write(store, "pods/a/2")
    await clock.advance(200)
    assert len(pods.window) == 1
    with pytest.raises(Compacted):
        pods.list(at=Revision(0))
    await clock.advance(400)
    assert (len(pods.window), pods.window.floor, clock.next_due) == (0, second, None)
    assert len(pods.list().items) == 2


async def test_a_quiet_kind_remembers_while_others_are_busy() -> None:
    store = MemoryStore()
    cache = WatchCache(store, ManualClock(), WindowLimits(count=3))
    await cache.open()
    quiet = await write(store, "nodes/n1")
    for number in range(20):
        await write(store, f"pods/a/{number}")
    seen: list[Batch] = []
    cache.kind("nodes").watch("", "", None, Revision(0), seen.append)
    cache.kind("nodes").watch("", "", None, quiet, seen.append)
    for _ in range(4):
        await asyncio.sleep(0)
    assert [batch.revision for batch in seen] == [quiet]


async def test_what_others_write_while_much_is_read_comes_after_it() -> None:
    store = MemoryStore()
    first = WatchCache(store, ManualClock())
    await first.open()
    await asyncio.gather(*(write(store, f"pods/a/{number}") for number in range(2500)))
    await first.close()

    cache = WatchCache(store, ManualClock())
    opening = asyncio.gather(cache.open())
    await asyncio.sleep(0)
    meanwhile = await store.write(Write("pods/a/7", b'{"metadata":{"name":"new"}}', Revision(8)))
    assert not opening.done()
    await opening
    item = cache.kind("pods").get("a", "7")
    assert item is not None and item.revision == meanwhile == cache.revision
    assert len(cache.kind("pods")) == 2500
