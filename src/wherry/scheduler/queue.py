"""Which Pod is next, and when one that did not fit is tried again.

Three places, as in upstream's scheduling queue: *active* (a heap by priority, then age), *waiting* (did not fit: stays
until a change that may help, or five minutes), and *backing off* (a change came, but its last failure is too fresh:
1 s doubling to 10 s). A Pod is in one place at a time; `timer` calls wake the scheduler when back-off ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import count

from wherry.lib.clock import Clock, Timer
from wherry.scheduler.model import PodInfo

_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 10.0
_LONGEST_WAIT = 300.0


class _Place(Enum):
    ACTIVE = "active"
    WAITING = "waiting"
    BACKING_OFF = "backing off"
    OUT = "out"


@dataclass(slots=True)
class _Entry:
    pod: PodInfo
    place: _Place
    attempts: int = 0
    failed_at: float = 0.0
    wakes: frozenset[str] = frozenset()
    timer: Timer | None = None

    @property
    def backoff(self) -> float:
        return min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** max(0, self.attempts - 1))


class Queue:
    """Pods that want a node. `ready` is called whenever the active heap gets something."""

    def __init__(self, clock: Clock, ready: Callable[[], None]) -> None:
        self._clock = clock
        self._ready = ready
        self._entries: dict[str, _Entry] = {}
        self._heap: list[tuple[int, float, int, str]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._entries)

    def counts(self) -> dict[str, int]:
        """How many Pods are in each place, for metrics."""
        totals = {place.value: 0 for place in (_Place.ACTIVE, _Place.WAITING, _Place.BACKING_OFF)}
        for entry in self._entries.values():
            if entry.place is not _Place.OUT:
                totals[entry.place.value] += 1
        return totals

    def add(self, pod: PodInfo) -> None:
        """A Pod appeared or changed. One that waits is tried again only if what it asks for has changed."""
        entry = self._entries.get(pod.uid)
        if entry is None:
            self._entries[pod.uid] = entry = _Entry(pod, _Place.OUT)
            self._activate(entry)
            return
        is_other = _question(entry.pod) != _question(pod)
        entry.pod = pod
        if is_other and entry.place is _Place.WAITING:
            self._retry(entry)

    def remove(self, uid: str) -> None:
        if (entry := self._entries.pop(uid, None)) is not None:
            entry.place = _Place.OUT
            self._stop_timer(entry)

    def pop(self) -> PodInfo | None:
        """Take the next Pod; it stays known until it is removed or given back by `refuse` or `retry`."""
        while self._heap:
            uid = heapq.heappop(self._heap)[3]
            entry = self._entries.get(uid)
            if entry is not None and entry.place is _Place.ACTIVE:
                entry.place = _Place.OUT
                entry.attempts += 1
                return entry.pod
        return None

    def refuse(self, uid: str, wakes: frozenset[str]) -> None:
        """The Pod fits nowhere until one of `wakes` happens."""
        if (entry := self._entries.get(uid)) is None:
            return
        entry.place, entry.wakes, entry.failed_at = _Place.WAITING, wakes, self._clock.monotonic()
        self._start_timer(entry, _LONGEST_WAIT)

    def retry(self, uid: str) -> None:
        """Something went wrong that had nothing to do with the nodes; try again after back-off."""
        if (entry := self._entries.get(uid)) is not None:
            entry.failed_at = self._clock.monotonic()
            self._retry(entry)

    def wake(self, change: str) -> None:
        """Something changed in the cluster: those it may help are tried again."""
        for entry in [e for e in self._entries.values() if e.place is _Place.WAITING and change in e.wakes]:
            self._retry(entry)

    def close(self) -> None:
        for entry in self._entries.values():
            self._stop_timer(entry)
        self._entries.clear()
        self._heap.clear()

    def _retry(self, entry: _Entry) -> None:
        left = entry.failed_at + entry.backoff - self._clock.monotonic()
        if left <= 0:
            self._activate(entry)
        else:
            entry.place = _Place.BACKING_OFF
            self._start_timer(entry, left)

    def _activate(self, entry: _Entry) -> None:
        self._stop_timer(entry)
        entry.place = _Place.ACTIVE
        heapq.heappush(self._heap, (-entry.pod.ask.priority, entry.pod.created, next(self._order), entry.pod.uid))
        self._ready()

    def _start_timer(self, entry: _Entry, seconds: float) -> None:
        self._stop_timer(entry)
        entry.timer = self._clock.call_later(seconds, lambda: self._activate(entry))

    def _stop_timer(self, entry: _Entry) -> None:
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None


def _question(pod: PodInfo) -> tuple[object, ...]:
    """What the answer to "where does it fit?" depends on."""
    return (pod.ask,)
