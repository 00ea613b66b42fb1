"""Which revision a limit on history has reached, known coarsely and cheaply.

Keeping time and size of each of ten thousand changes in memory would cost megabytes; a mark every now and then says
where the log was at a moment. History is given up by whole marks, so a little more than the limits is kept, never less.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from wherry.store import Revision
from wherry.store.history import HistoryLimits

_MARKS = 10
"""Marks within each limit."""


class Mark(Struct, frozen=True):
    """The log at a moment: everything up to `revision` was written by then."""

    time: float
    revision: Revision
    bytes: int


class Marks:
    """The marks of one log."""

    __slots__ = ("_bytes", "_limits", "_marks")

    def __init__(self, limits: HistoryLimits) -> None:
        self._limits = limits
        self._marks: deque[Mark] = deque()
        self._bytes = 0

    def note(self, now: float, revision: Revision, size: int) -> None:
        """The log has grown by `size` bytes up to `revision`."""
        self._bytes += size
        last = self._marks[-1] if self._marks else None
        limits = self._limits
        if (
            last is None
            or (revision - last.revision) * _MARKS >= limits.count
            or (self._bytes - last.bytes) * _MARKS >= limits.bytes
            or (now - last.time) * _MARKS >= limits.seconds
        ):
            self._marks.append(Mark(now, revision, self._bytes))

    def note_quiet(self, now: float, revision: Revision) -> None:
        """Mark the end of the log, so that it grows old even if nothing is written any more."""
        if not self._marks or self._marks[-1].revision < revision:
            self._marks.append(Mark(now, revision, self._bytes))

    def due(self, now: float, revision: Revision) -> Revision:
        """Up to where history is to be given up; 0 for nowhere."""
        found = Revision(0)
        while self._marks and self._is_past(self._marks[0], now, revision):
            found = self._marks.popleft().revision
        return found

    def _is_past(self, mark: Mark, now: float, revision: Revision) -> bool:
        limits = self._limits
        return (
            revision - mark.revision >= limits.count
            or self._bytes - mark.bytes >= limits.bytes
            or now - mark.time >= limits.seconds
        )
