"""The part of a response's head that many answers share, put together once a second.

Everything but the length is the same for most answers and changes once a second with the date, so an answer costs one
look-up.
"""

from __future__ import annotations

import time

from wherry.lib.clock import DAYS, MONTHS, Clock
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
        date = f"Date: {http_date(now)}\r\n".encode()
        lines = status_line(status, content_type) + date + header_lines(headers)
        common[(status, content_type, headers)] = lines
        return lines

    def _new_second(self) -> None:
        self._common = {}


def http_date(seconds: float) -> str:
    """A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. What `email.utils` does for 3 ms of imports."""
    at = time.gmtime(seconds)
    day, month = DAYS[at.tm_wday], MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year:04} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
