"""The part of a response's head that many answers share, put together once a second.

Status line, content type and date are most of a head's bytes and change once a second, so an answer without headers of
its own costs one look-up.
"""

from __future__ import annotations

from email.utils import formatdate

from wherry.lib.clock import Clock
from wherry.wire.httphead import status_line

_MAX = 256


class Heads:
    """Makes the heads of one server's answers."""

    __slots__ = ("_clock", "_common")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._common: dict[tuple[int, str], bytes] = {}

    def common(self, status: int, content_type: str) -> bytes:
        """Status line, Content-Type and Date, each with its line end."""
        return self._common.get((status, content_type)) or self._make(status, content_type)

    def _make(self, status: int, content_type: str) -> bytes:
        common = self._common
        now = self._clock.time()
        if not common:
            self._clock.call_later(1.0 - now % 1.0, self._new_second)
        elif len(common) >= _MAX:
            common.clear()
        date = f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        line = common[(status, content_type)] = status_line(status, content_type) + date
        return line

    def _new_second(self) -> None:
        self._common = {}
