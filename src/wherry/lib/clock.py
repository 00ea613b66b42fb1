"""Time as a parameter, so that tests and simulations can turn the hands themselves.

A part that needs the time takes a `Clock`; nothing but `SystemClock` (in `lib.systemclock`) reads the machine's.
Wall time is seconds since the epoch in UTC; monotonic time has no origin and only measures distances.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Protocol


class Timer(Protocol):
    """A call that has been ordered for later and can still be called off."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Where time comes from, and where waiting for it happens."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back on the event loop once `seconds` have passed on this clock."""
        ...


def format_time(seconds: float) -> str:
    """Format as Kubernetes' `metav1.Time`: RFC 3339 in UTC, whole seconds."""
    return _format_second(int(seconds))


@lru_cache(maxsize=64)
def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(seconds: float) -> str:
    """Format as Kubernetes' `metav1.MicroTime`: RFC 3339 in UTC, six decimals."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def format_long_time(seconds: float) -> str:
    """Format as Go's RFC 1123Z: `Mon, 02 Jan 2006 15:04:05 +0000`. What `email.utils` does for 3 ms of imports."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{DAYS[at.weekday()]}, {at.day:02} {MONTHS[at.month - 1]} {at:%Y %H:%M:%S} +0000"


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_date(seconds: float) -> str:
    """The day in UTC, as `2006-01-02`."""
    return format_time(seconds)[:10]


def parse_date(text: str) -> float:
    """When a day in UTC began; raises ValueError for anything but `2006-01-02`."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(f"{text!r} is not written as year-month-day")
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def parse_time(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.timestamp()
