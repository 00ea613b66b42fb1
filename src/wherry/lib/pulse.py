"""What is done over and over again, mostly only to say that all is as it was, and who is alarmed when it is not said.

A clock that is turned by hand may leap over it: of beats that say no more than that, with nothing else between them,
nobody can tell whether the first ones were made, as long as the last one was.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol, runtime_checkable

from wherry.lib.clock import Clock, Timer


class Pulse(Protocol):
    """What beats."""

    def beat(self) -> object:
        """Do it once."""
        ...

    def quiet_seconds(self) -> float:
        """For how long from now on a beat leaves nothing behind that the next one would not leave alone.

        Feeding a watchdog is quiet if it is more patient than the pulse is slow.
        """
        ...


class Watchdog(Protocol):
    """Is alarmed unless somebody feeds it."""

    def feed(self) -> None:
        """Be quiet for the whole time from now on."""
        ...

    def cancel(self) -> None:
        """Be quiet for ever."""
        ...


@runtime_checkable
class Leaping(Protocol):
    """A `Clock` that knows when nobody looks."""

    def call_every(self, first: float, period: float, pulse: Pulse) -> Timer: ...

    def call_unless_fed(self, seconds: float, alarm: Callable[[], object]) -> Watchdog: ...


def call_every(clock: Clock, first: float, period: float, pulse: Pulse) -> Timer:
    """Let `pulse` beat in `first` seconds, and each `period` after that, until the timer is cancelled."""
    if isinstance(clock, Leaping):
        return clock.call_every(first, period, pulse)
    return _Regular(clock, first, period, pulse.beat)


def call_unless_fed(clock: Clock, seconds: float, alarm: Callable[[], object]) -> Watchdog:
    """Call once nobody has fed the watchdog for `seconds`; feeding it after that begins anew, and costs next to nothing
    before."""
    if isinstance(clock, Leaping):
        return clock.call_unless_fed(seconds, alarm)
    return _Lazy(clock, seconds, alarm)


class Quiet:
    """A pulse whose last beat would do all that the others did."""

    __slots__ = ("beat",)

    def __init__(self, beat: Callable[[], object]) -> None:
        self.beat = beat

    def quiet_seconds(self) -> float:
        return inf


class _Regular:
    """On a clock that leaves nothing out."""

    __slots__ = ("_callback", "_clock", "_period", "_timer")

    def __init__(self, clock: Clock, first: float, period: float, callback: Callable[[], object]) -> None:
        self._clock = clock
        self._period = period
        self._callback = callback
        self._timer = clock.call_later(first, self._run)

    def cancel(self) -> None:
        self._timer.cancel()

    def _run(self) -> None:
        self._timer = self._clock.call_later(self._period, self._run)
        self._callback()


class _Lazy:
    """Feeding only notes the time; the timer finds out about it when it runs out."""

    __slots__ = ("_alarm", "_clock", "_fed_at", "_is_cancelled", "_seconds", "_timer")

    def __init__(self, clock: Clock, seconds: float, alarm: Callable[[], object]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._alarm = alarm
        self._fed_at = clock.monotonic()
        self._is_cancelled = False
        self._timer: Timer | None = clock.call_later(seconds, self._look)

    def feed(self) -> None:
        self._fed_at = self._clock.monotonic()
        if self._timer is None and not self._is_cancelled:
            self._timer = self._clock.call_later(self._seconds, self._look)

    def cancel(self) -> None:
        self._is_cancelled = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        left = self._fed_at + self._seconds - self._clock.monotonic()
        self._timer = self._clock.call_later(left, self._look) if left > 0 else None
        if self._timer is None:
            self._alarm()
