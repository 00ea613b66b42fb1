from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wherry.store import Change, Held, Revision, Row, Store, Write
from wherry.store.history import HistoryLimits
from wherry.store.memory import MemoryStore
from wherry.testing.storesuite import NEW, StoreSuite, replay


class TestMemory(StoreSuite):
    """The model agrees with itself: what this finds is wrong with the suite."""

    def make_store(self, folder: Path, limits: HistoryLimits) -> Store:
        return MemoryStore(limits)


async def test_a_store_that_begins_with_a_snapshot_is_one_of_its_own() -> None:
    store = MemoryStore()
    await store.open(lambda _: None)
    first = await store.write(Write("pods/a", b"1", NEW))
    gone = await store.write(Write("pods/b", b"1", NEW))
    await store.write(Write("pods/b", None, gone))
    snapshot = store.snapshot()
    await store.write(Write("pods/a", b"2", first))
    copy = MemoryStore(snapshot=snapshot)
    rows, changes, revision = await copy.open(lambda _: None)
    assert (rows, changes, revision) == ([Row("pods/a", b"1", first)], [], 3)
    assert await copy.write(Write("pods/a", b"3", first)) == 4
    assert copy.snapshot().rows == (Row("pods/a", b"3", Revision(4)),)
    assert MemoryStore(snapshot=snapshot).revision == 3


async def test_values_that_the_listener_holds_are_not_kept_twice() -> None:
    class Kept(NamedTuple):
        revision: Revision
        text: str

        @property
        def value(self) -> bytes:
            return self.text.encode()

    def hold(changes: Sequence[Change]) -> list[Held | None]:
        return [Kept(c.revision, c.value.decode()) if c.value and c.key != "pods/own" else None for c in changes]

    store = MemoryStore()
    await store.open(hold)
    value = b"a value that nobody else refers to"
    referred = sys.getrefcount(value)
    both = [store.write(Write("pods/a", b"old", NEW)), store.write(Write("pods/a", value, Revision(1)))]
    await asyncio.gather(*both, store.write(Write("pods/own", b"own", NEW)))
    gone = await store.write(Write("pods/gone", value, NEW))
    await store.write(Write("pods/gone", None, gone))
    assert sys.getrefcount(value) == referred
    assert store.snapshot().rows == (Row("pods/a", value, Revision(2)), Row("pods/own", b"own", Revision(3)))
    await store.close()
    rows, changes, _ = await store.open(hold)
    assert rows == []
    assert replay(rows, changes) == {"pods/a": (value, 2), "pods/own": (b"own", 3)}
    assert [change.value for change in changes] == [b"old", value, b"own", value, None]
