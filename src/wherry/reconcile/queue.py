"""The queue of keys that want to be looked at.

Rules, as in client-go's workqueue: a key waits in the queue once however often it was added; a key that is being
worked on is never handed out a second time, but if it is added meanwhile it comes back as soon as that work is done;
an addition for later does not hinder one for now. Nothing here runs by itself: `on_ready` tells the owner that there
is work, and a queue with nothing in it costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from msgspec import Struct

from wherry.lib.backoff import Backoff, Failures
from wherry.lib.clock import Clock, Timer
from wherry.lib.pulse import Watchdog, call_unless_fed

K = TypeVar("K", bound=Hashable)

RETRY = Backoff(base=0.005, cap=1000.0)


class QueueStats(Struct):
    """Counters since the queue was made."""

    adds: int = 0
    retries: int = 0


class Queue(Generic[K]):
    """Each key once, in the order of first addition; delays; back-off per key."""

    __slots__ = (
        "_again",
        "_clock",
        "_closed",
        "_dogs",
        "_failures",
        "_on_ready",
        "_order",
        "_timers",
        "_waiting",
        "_working",
        "stats",
    )

    def __init__(self, clock: Clock, on_ready: Callable[[], object], retry: Backoff = RETRY) -> None:
        self._clock = clock
        self._on_ready = on_ready
        self._failures: Failures[K] = Failures(retry)
        self._order: deque[K] = deque()
        self._waiting: set[K] = set()
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._timers: dict[K, tuple[float, Timer]] = {}
        self._dogs: dict[K, Watchdog] = {}
        self._closed = False
        self.stats = QueueStats()

    def __len__(self) -> int:
        """How many keys could be taken now."""
        return len(self._order)

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is being worked on (delayed keys do not count)."""
        return not self._order and not self._working

    def add(self, key: K) -> None:
        """Have `key` looked at as soon as possible."""
        if self._closed or key in self._waiting or key in self._again:
            return
        self.stats.adds += 1
        if key in self._working:
            self._again.add(key)
            return
        self._waiting.add(key)
        self._order.append(key)
        self._on_ready()

    def add_after(self, key: K, seconds: float) -> None:
        """Add `key` in `seconds`; of several such wishes for one key the earliest holds."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if (pending := self._timers.get(key)) is not None:
            if pending[0] <= due:
                return
            pending[1].cancel()
        self._timers[key] = (due, self._clock.call_later(seconds, lambda: self._ripe(key)))

    def expect(self, key: K, seconds: float | None) -> None:
        """Add `key` unless this is called again within `seconds`, which costs next to nothing; None calls it off."""
        dog = self._dogs.get(key)
        if seconds is None:
            if dog is not None:
                dog.cancel()
                del self._dogs[key]
        elif dog is not None:
            dog.feed()
        elif not self._closed:
            self._dogs[key] = call_unless_fed(self._clock, seconds, lambda: self.add(key))

    def add_failed(self, key: K) -> float:
        """Add `key` after its back-off, which grows with each call until `forget`; returns the delay."""
        self.stats.retries += 1
        delay = self._failures.next_delay(key)
        self.add_after(key, delay)
        return delay

    def failures(self, key: K) -> int:
        return self._failures.count(key)

    def forget(self, key: K) -> None:
        """`key` succeeded: its back-off starts anew."""
        self._failures.forget(key)

    def take(self) -> K | None:
        """The next key, or None. The taker owes a `done`."""
        if not self._order:
            return None
        key = self._order.popleft()
        self._waiting.remove(key)
        self._working.add(key)
        return key

    def done(self, key: K) -> None:
        """The work on `key` has ended, well or not."""
        self._working.discard(key)
        if key in self._again:
            self._again.remove(key)
            if not self._closed:
                self._waiting.add(key)
                self._order.append(key)
                self._on_ready()

    def close(self) -> None:
        """Forget everything and accept nothing more."""
        self._closed = True
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for dog in self._dogs.values():
            dog.cancel()
        self._dogs.clear()
        self._order.clear()
        self._waiting.clear()
        self._again.clear()

    def _ripe(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)
