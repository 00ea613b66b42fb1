"""The watch cache by itself: look-ups, lists, changes taken over, events handed to watchers, memory per object."""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc

from bench.measure import Measure, measured, resident_bytes
from wherry.api import Obj
from wherry.lib.systemclock import SystemClock
from wherry.store import Change, Revision, Write
from wherry.store.memory import MemoryStore
from wherry.watchcache.audience import Pin
from wherry.watchcache.cache import WatchCache
from wherry.watchcache.item import Item
from wherry.watchcache.window import Batch, WindowLimits

OBJECTS = 5_000
WATCHERS = 1_000
FILLING = os.urandom(900).hex()


async def run() -> list[Measure]:
    cache = await _filled_cache()
    return [
        await _memory_per_object(),
        await _memory_of_an_empty_one(),
        *_reads(cache),
        await _changes(cache),
        *await _deliveries(cache),
    ]


def encode(name: str, number: int) -> bytes:
    labels = f'{{"app":"a{number % 50}","tier":"{"ab"[number % 2]}"}}'
    metadata = f'{{"name":"{name}","namespace":"default","uid":"{number:032x}","labels":{labels}}}'
    return f'{{"apiVersion":"v1","kind":"ConfigMap","metadata":{metadata},"data":{{"filling":"{FILLING}"}}}}'.encode()


async def _filled_cache(limits: WindowLimits | None = None) -> WatchCache:
    store = MemoryStore()
    cache = WatchCache(store, SystemClock(), limits)
    await cache.open()
    for number in range(OBJECTS):
        name = f"cm-{number:05d}"
        await store.write(Write(f"configmaps/default/{name}", encode(name, number), Revision(0)))
    return cache


async def _memory_per_object() -> Measure:
    """With a store that keeps its values on disk, as SQLite does: rows are handed over, not kept."""
    kind = WatchCache(MemoryStore(), SystemClock(), WindowLimits(count=100)).kind("configmaps")
    index: dict[str, Revision] = {}
    gc.collect()
    before = resident_bytes()
    for number in range(1, 4 * OBJECTS + 1):
        name = f"cm-{number:05d}"
        change = Change(Revision(number + 1000), f"configmaps/default/{name}", encode(name, number), True)
        kind.apply(change)
        index[change.key] = change.revision
    gc.collect()
    return Measure("cache + index: memory per 2 KB object", (resident_bytes() - before) / (4 * OBJECTS), "bytes", 4096)


async def _memory_of_an_empty_one() -> Measure:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    caches = [WatchCache(MemoryStore(), SystemClock()) for _ in range(100)]
    for cache in caches:
        await cache.open()
        for prefix in ("pods", "nodes", "services", "configmaps"):
            cache.kind(prefix)
    size = (tracemalloc.get_traced_memory()[0] - before) / len(caches)
    tracemalloc.stop()
    for cache in caches:
        await cache.close()
    return Measure("empty cache + memory store, 4 kinds in use", size / 1024, "KiB", 100)


def _reads(cache: WatchCache) -> list[Measure]:
    kind = cache.kind("configmaps")
    names = [f"cm-{number:05d}" for number in range(OBJECTS)]
    with measured() as get:
        for _ in range(20):
            for name in names:
                kind.get("default", name)
    kind.list()
    with measured() as everything:
        for _ in range(20):
            kind.list()
    with measured() as page:
        for _ in range(20):
            kind.list(start_key="default/cm-02000", limit=500)
    past = Revision(cache.revision - 100)
    with measured() as earlier:
        for _ in range(20):
            kind.list(at=past)

    def matches(item: Item) -> bool:
        return item.labels.get("app") == "a7"

    with measured() as cold:
        kind.list(match=matches)
    with measured() as warm:
        for _ in range(20):
            kind.list(match=matches)
    return [
        Measure("cache: get", get.micros(20 * OBJECTS), "µs", 1),
        Measure("cache: list of 5,000", everything.cpu / 20 * 1e3, "ms", 2),
        Measure("cache: page of 500 out of 5,000", page.cpu / 20 * 1e3, "ms", 2),
        Measure("cache: list of 5,000, 100 revisions ago", earlier.cpu / 20 * 1e3, "ms"),
        Measure("cache: 5,000 by label, first time", cold.cpu * 1e3, "ms"),
        Measure("cache: 5,000 by label, again", warm.cpu / 20 * 1e3, "ms"),
    ]


async def _changes(cache: WatchCache) -> Measure:
    kind = cache.kind("configmaps")
    changes = []
    for number in range(20_000):
        name = f"cm-{number % OBJECTS:05d}"
        key = f"configmaps/default/{name}"
        changes.append([Change(Revision(cache.revision + 1 + number), key, encode(name, number), False)])
    with measured() as cost:
        for batch in changes:
            cache._on_changes(batch)
    assert kind.revision == changes[-1][0].revision
    return Measure("cache: a change taken over, nobody watching", cost.micros(len(changes)), "µs", 5)


async def _deliveries(cache: WatchCache) -> list[Measure]:
    kind = cache.kind("configmaps")
    received = 0

    def deliver(batch: Batch) -> None:
        nonlocal received
        received += len(batch.encoded()) > 0

    plain = [kind.watch("", "", None, None, deliver) for _ in range(WATCHERS)]
    with measured() as shared:
        await _update(cache, 200)
    assert received == 200 * WATCHERS
    for each in plain:
        each.close()

    def matches(item: Item) -> bool:
        return item.labels.get("tier") == "a"

    received = 0
    selective = [kind.watch("", "", matches, None, deliver) for _ in range(WATCHERS)]
    with measured() as selected:
        await _update(cache, 50)
    for each in selective:
        each.close()

    def tier(obj: Obj) -> str:
        return str(obj["metadata"]["labels"]["tier"])

    pins = [Pin("tier", tier, f"node-{number}") for number in range(WATCHERS)]
    pinned = [kind.watch("", "", lambda _: False, None, deliver, pin=pin) for pin in pins]
    with measured() as looked_up:
        await _update(cache, 1000)
    for each in pinned:
        each.close()
    return [
        Measure("cache: an event none of 1,000 pinned watchers wants", looked_up.micros(1000), "µs"),
        Measure("cache: one batch to one of 1,000 watchers", shared.micros(200 * WATCHERS), "µs", 1.5),
        Measure("cache: one batch to one of 1,000 with a selector", selected.micros(50 * WATCHERS), "µs"),
    ]


async def _update(cache: WatchCache, count: int) -> None:
    """`count` changes, each a batch of its own, and wait until all has been delivered."""
    for number in range(count):
        name = f"cm-{number:05d}"
        revision = Revision(cache.revision + 1)
        cache._on_changes([Change(revision, f"configmaps/default/{name}", encode(name, number), False)])
        for _ in range(4):
            await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
