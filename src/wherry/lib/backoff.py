"""How long to wait before trying again: exponential, capped, counted per key."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from msgspec import Struct

K = TypeVar("K", bound=Hashable)


class Backoff(Struct, frozen=True):
    """Doubles from `base` seconds up to `cap` seconds."""

    base: float
    cap: float

    def delay(self, failures: int) -> float:
        """Seconds to wait after `failures` failures before this one."""
        if failures > 62:  # beyond it the power alone exceeds any cap in use
            return self.cap
        return min(self.base * (1 << failures), self.cap)


class Failures(Generic[K]):
    """Counts consecutive failures of each key and turns them into delays. Keys without failures take no room."""

    __slots__ = ("_backoff", "_counts")

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._counts: dict[K, int] = {}

    def next_delay(self, key: K) -> float:
        """Count one more failure of `key`; return how long to wait."""
        count = self._counts.get(key, 0)
        self._counts[key] = count + 1
        return self._backoff.delay(count)

    def count(self, key: K) -> int:
        return self._counts.get(key, 0)

    def forget(self, key: K) -> None:
        """`key` succeeded (or is of no more interest): its next failure is its first."""
        self._counts.pop(key, None)
