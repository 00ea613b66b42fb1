"""Clocks whose hands the test turns: one that stands still in between, and one that goes on by itself.

Both may leap over beats of pulses that nobody can tell of: see `pulses.py`.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from math import inf

from wherry.lib.pulse import Pulse
from wherry.testing.eventloop import settle
from wherry.testing.pulses import Beats, Callback, Dog, Pulses, first_moment


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
        self._pulses = Pulses(self.monotonic, self._set_alarm)
        self.may_leap: Callable[[], bool] = lambda: False
        """Whether nobody would be told of a beat that is left out."""

    def time(self) -> float:
        return self._epoch + self.monotonic()

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
        heapq.heappush(self._timers, (self.monotonic() + max(seconds, 0.0), next(self._count), timer))
        return timer

    def call_every(self, first: float, period: float, pulse: Pulse) -> Beats:
        """See `wherry.lib.pulse.call_every`."""
        return self._pulses.every(first, period, pulse)

    def call_unless_fed(self, seconds: float, alarm: Callable[[], object]) -> Dog:
        """See `wherry.lib.pulse.call_unless_fed`."""
        return self._pulses.unless_fed(seconds, alarm)

    @property
    def next_due(self) -> float | None:
        """Seconds until the next timer; None when nothing waits."""
        moment = self._next_moment()
        return None if moment == inf else max(0.0, moment - self.monotonic())

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Who is woken runs, and what it starts settles, before the clock goes on."""
        end = self.monotonic() + seconds
        self._pulses.disturb()
        await settle()
        while self._next_moment() <= end:
            if self.may_leap():
                self._pulses.leap(first_moment(self._timers), end)
            self._turn_to(self._next_moment())
            self._run_next()
            await settle()
        self._turn_to(end)

    def _next_moment(self) -> float:
        return min(first_moment(self._timers), self._pulses.next)

    def _run_next(self) -> None:
        """Run the first timer; of those of one moment the one that was set first, but pulses before all."""
        if first_moment(self._timers) < self._pulses.next:
            self._pulses.disturb()
            heapq.heappop(self._timers)[2].run()
        else:
            self._pulses.pop().run()

    def _set_alarm(self) -> None:
        """Somebody may have to be woken earlier than before. Who stands still wakes nobody."""

    def _turn_to(self, moment: float) -> None:
        """Never back: who was due earlier is late."""
        self._now = max(self._now, moment)


class TravelClock(ManualClock):
    """A `Clock` that goes as the machine's does, and that `advance` makes jump ahead. For one event loop.

    While it jumps, timers run as those of a `ManualClock`: each at its own moment, none left out.
    """

    def __init__(self, start: float | None = None) -> None:
        super().__init__(time.time() if start is None else start)
        self._turned_at = time.monotonic()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0

    def monotonic(self) -> float:
        return self._now + (time.monotonic() - self._turned_at)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> ManualTimer:
        timer = super().call_later(seconds, callback)
        self._set_alarm()
        return timer

    def stop(self) -> None:
        """Run no timer any more."""
        self._timers.clear()
        self._pulses.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def advance(self, seconds: float) -> None:
        await super().advance(seconds)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._set_alarm()

    def _turn_to(self, moment: float) -> None:
        self._now = max(self.monotonic(), moment)
        self._turned_at = time.monotonic()

    def _set_alarm(self) -> None:
        """Have the loop wake us for the first timer, which may be earlier than it was."""
        moment = self._next_moment()
        if moment == inf or (self._alarm is not None and self._alarm_at <= moment):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = moment
        self._alarm = asyncio.get_running_loop().call_later(max(0.0, moment - self.monotonic()), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self.monotonic()
        while self._next_moment() <= now:
            self._run_next()
        self._set_alarm()


class ManualTimer(Callback):
    """A timer that rings once."""

    __slots__ = ()

    def run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
