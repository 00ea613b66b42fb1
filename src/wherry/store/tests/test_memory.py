from __future__ import annotations

from pathlib import Path

from wherry.store import Revision, Row, Store, Write
from wherry.store.history import HistoryLimits
from wherry.store.memory import MemoryStore
from wherry.testing.storesuite import NEW, StoreSuite


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
