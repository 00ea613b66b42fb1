"""A deadline that is moved far more often than it passes.

Each request sets one; a timer in the event loop for each would cost more than the request's parsing. So there is one
timer, and when it fires too early it looks at the deadline and waits on.
"""

from __future__ import annotations

from collections.abc import Callable

from wherry.lib.clock import Clock, Timer


class Deadline:
    """Calls `passed` when the time set last is over."""

    __slots__ = ("_at", "_clock", "_passed", "_timer")

    def __init__(self, clock: Clock, passed: Callable[[], None]) -> None:
        self._clock = clock
        self._passed = passed
        self._at = 0.0
        self._timer: Timer | None = None

    def set(self, seconds: float) -> None:
        """Expect something within `seconds` from now, instead of whatever was expected before."""
        at = self._clock.monotonic() + seconds
        if self._timer is not None:
            if at >= self._at:
                self._at = at
                return
            self._timer.cancel()
        self._at = at
        self._timer = self._clock.call_later(seconds, self._fire)

    def clear(self) -> None:
        """Expect nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        left = self._at - self._clock.monotonic()
        if left > 0:
            self._timer = self._clock.call_later(left, self._fire)
        else:
            self._passed()
