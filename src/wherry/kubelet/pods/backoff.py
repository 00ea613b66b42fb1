"""CrashLoopBackOff: how long a container that ended must wait before it runs again.

Upstream's rule: the first restart is immediate, the next waits 10 s after the container's end, then 20 s … 5 min; a
container that lived for twice the maximum starts over. What is remembered is not stored: a restarted agent forgives.
"""

from __future__ import annotations

from msgspec import Struct

BASE_SECONDS = 10.0
MAX_SECONDS = 300.0


class _Entry(Struct, frozen=True):
    delay: float
    updated: float


class CrashBackoff:
    """The back-offs of one pod's containers (or of one node's images), by key."""

    __slots__ = ("_base", "_entries", "_max")

    def __init__(self, base: float = BASE_SECONDS, maximum: float = MAX_SECONDS) -> None:
        self._base = base
        self._max = maximum
        self._entries: dict[str, _Entry] = {}

    def delay(self, key: str) -> float:
        """The delay in force."""
        entry = self._entries.get(key)
        return entry.delay if entry else 0.0

    def remaining(self, key: str, since: float, now: float) -> float:
        """Seconds to wait still, when the failure happened at `since`; 0 when it may be tried now."""
        entry = self._entries.get(key)
        if entry is None or since - entry.updated > 2 * self._max:
            return 0.0
        return max(0.0, since + entry.delay - now)

    def count(self, key: str, since: float, now: float) -> None:
        """A new try begins after a failure at `since`: the next one waits longer."""
        entry = self._entries.get(key)
        if entry is None or since - entry.updated > 2 * self._max:
            self._entries[key] = _Entry(self._base, now)
        else:
            self._entries[key] = _Entry(min(entry.delay * 2, self._max), now)

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)


def format_delay(seconds: float) -> str:
    """As Go prints a duration of whole seconds: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
