"""A clock whose hands the test turns."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from wherry.testing.eventloop import settle


class ManualClock:
    """A `Clock` that stands still until `advance` is called. Not bound to a loop; use it from one at a time.

    Timers run at their own moment, in the order in which they are due (those of one moment in the order in which they
    were set), and see that moment as the time; one that a timer sets runs within the same `advance` if it is due.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._epoch = start
        self._now = 0.0
        self._timers: list[tuple[float, int, ManualTimer]] = []
        self._count = count()

    def time(self) -> float:
        return self._epoch + self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: _wake(future))
        try:
            await future
        finally:
            timer.cancel()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> ManualTimer:
        timer = ManualTimer(callback)
        heapq.heappush(self._timers, (self._now + max(seconds, 0.0), next(self._count), timer))
        return timer

    @property
    def next_due(self) -> float | None:
        """Seconds until the next timer; None when nothing waits."""
        self._drop_cancelled()
        return self._timers[0][0] - self._now if self._timers else None

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Who is woken runs, and what it starts settles, before the clock goes on."""
        end = self._now + seconds
        await settle()
        while (due := self.next_due) is not None and self._now + due <= end:
            self._now, _, timer = heapq.heappop(self._timers)
            timer.run()
            await settle()
        self._now = end

    def _drop_cancelled(self) -> None:
        while self._timers and self._timers[0][2].is_cancelled:
            heapq.heappop(self._timers)


class ManualTimer:
    """A call that waits for the clock."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    @property
    def is_cancelled(self) -> bool:
        return self._callback is None

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
