"""The SQLite store by itself: durable writes of 2 KB, alone and together; and opening a file of 10,000 rows."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Measure, measured
from wherry.lib.systemclock import SystemClock
from wherry.store import Change, Revision, Store, Write
from wherry.store.memory import MemoryStore
from wherry.store.sqlite import SqliteStore

VALUE = os.urandom(1024).hex().encode()
WRITERS = 64
WRITES = 20_000


async def run() -> list[Measure]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "state.db"
        return [*await _sqlite(path), *await _opening(path), *await _memory()]


async def _sqlite(path: Path) -> list[Measure]:
    store = SqliteStore(path, SystemClock())
    await store.open(_ignore)
    latencies = await _one_by_one(store, 1000)
    with measured() as cost:
        await asyncio.gather(*(_writer(store, number, WRITES // WRITERS) for number in range(WRITERS)))
    writes = WRITES // WRITERS * WRITERS
    with measured() as updates:
        await asyncio.gather(*(_updater(store, number, WRITES // WRITERS) for number in range(WRITERS)))
    await store.close()
    return [
        Measure("store: one durable write of 2 KB, p50", statistics.median(latencies) * 1e3, "ms", 0.3),
        Measure("store: 64 writers", writes / cost.wall, "writes/s", 18_000, is_floor=True),
        Measure("store: 64 writers, CPU per write", cost.micros(writes), "µs", 20),
        Measure("store: 64 updaters (with compaction)", writes / updates.wall, "writes/s"),
        Measure("store: 64 updaters, CPU per write", updates.micros(writes), "µs"),
    ]


async def _opening(path: Path) -> list[Measure]:
    store = SqliteStore(path, SystemClock())
    with measured() as cost:
        rows, changes, _ = await store.open(_ignore)
    await store.close()
    per_row = cost.wall / (len(rows) + len(changes)) * 10_000
    return [Measure("store: opening a file of 10,000 rows", per_row * 1e3, "ms")]


async def _memory() -> list[Measure]:
    store = MemoryStore()
    await store.open(_ignore)
    with measured() as cost:
        await asyncio.gather(*(_writer(store, number, WRITES // WRITERS) for number in range(WRITERS)))
    await store.close()
    return [Measure("memory store: 64 writers, CPU per write", cost.micros(WRITES), "µs")]


async def _one_by_one(store: Store, count: int) -> list[float]:
    latencies = []
    for number in range(count):
        start = time.perf_counter()
        await store.write(Write(f"configmaps/alone/{number}", VALUE, Revision(0)))
        latencies.append(time.perf_counter() - start)
    return latencies


async def _writer(store: Store, number: int, count: int) -> None:
    for each in range(count):
        await store.write(Write(f"configmaps/default/cm-{number}-{each}", VALUE, Revision(0)))


async def _updater(store: Store, number: int, count: int) -> None:
    revision = await store.write(Write(f"configmaps/updated/cm-{number}", VALUE, Revision(0)))
    for _ in range(count - 1):
        revision = await store.write(Write(f"configmaps/updated/cm-{number}", VALUE, revision))


def _ignore(_: Sequence[Change]) -> None:
    return None
