from __future__ import annotations

from pathlib import Path

from wherry.store import Store
from wherry.store.history import HistoryLimits
from wherry.store.memory import MemoryStore
from wherry.testing.storesuite import StoreSuite


class TestMemory(StoreSuite):
    """The model agrees with itself: what this finds is wrong with the suite."""

    def make_store(self, folder: Path, limits: HistoryLimits) -> Store:
        return MemoryStore(limits)
