"""Those who wait until the cache has reached a revision: reads that must see a write made elsewhere."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from wherry.lib.clock import Clock
from wherry.store import Revision, StoreUnavailable


class Waiters:
    """Futures in the order of the revisions they wait for."""

    __slots__ = ("_clock", "_count", "_heap")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[Revision, int, asyncio.Future[None]]] = []
        self._count = count()

    async def wait(self, revision: Revision, timeout: float) -> None:
        """Return when `reach` was called with `revision` or more; raises TimeoutError."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (revision, next(self._count), future)
        heapq.heappush(self._heap, entry)
        timer = self._clock.call_later(
            timeout, lambda: _fail(future, TimeoutError(f"revision {revision} did not come"))
        )
        try:
            await future
        except BaseException:
            self._leave(entry)
            raise
        finally:
            timer.cancel()

    def __len__(self) -> int:
        return len(self._heap)

    def reach(self, revision: Revision) -> None:
        while self._heap and self._heap[0][0] <= revision:
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        for _, _, future in self._heap:
            _fail(future, StoreUnavailable("the store is closed"))
        self._heap.clear()

    def _leave(self, entry: tuple[Revision, int, asyncio.Future[None]]) -> None:
        """A revision that nobody will ever reach must not gather those who once waited for it."""
        if entry in self._heap:
            self._heap.remove(entry)
            heapq.heapify(self._heap)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
