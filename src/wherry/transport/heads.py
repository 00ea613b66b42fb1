"""The part of a response's head that many answers share, put together once a second.

Everything but the length is the same for most answers and changes once a second with the date, so an answer costs one
look-up.
"""

from __future__ import annotations

from email.utils import formatdate

from wherry.lib.clock import Clock
from wherry.wire.httphead import header_lines, status_line

Headers = tuple[tuple[str, str], ...]

_MAX = 256


class Heads:
    """Makes the heads of one server's answers."""

    __slots__ = ("_clock", "_common")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._common: dict[tuple[int, str, Headers], bytes] = {}

    def common(self, status: int, content_type: str, headers: Headers) -> bytes:
        """Status line, Content-Type, Date and `headers`, each with its line end."""
        return self._common.get((status, content_type, headers)) or self._make(status, content_type, headers)

    def _make(self, status: int, content_type: str, headers: Headers) -> bytes:
        common = self._common
        now = self._clock.time()
        if not common:
            self._clock.call_later(1.0 - now % 1.0, self._new_second)
        elif len(common) >= _MAX:
            common.clear()
        date = f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        lines = status_line(status, content_type) + date + header_lines(headers)
        common[(status, content_type, headers)] = lines
        return lines

    def _new_second(self) -> None:
        self._common = {}
