"""The Date header, written once per second however many answers carry it."""

from __future__ import annotations

from email.utils import formatdate

from wherry.lib.clock import Clock


class Dates:
    """Makes the header line of the current second."""

    __slots__ = ("_clock", "_line", "_second")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._line = b""

    def line(self) -> bytes:
        """`Date: ...` with its line end."""
        second = int(self._clock.time())
        if second != self._second:
            self._second = second
            self._line = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line
