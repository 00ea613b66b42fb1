"""Delivering events to those who watch, in order, after the writers were answered, and never for long at a time.

Two things must not wait behind a thousand watchers: the writers whose change this is, and everybody else's requests. So
a batch is only queued when it happens; delivery starts two turns of the event loop later, when the writers' tasks have
run, and gives the loop back after every slice.

One queue for everything keeps the order right without further thought: who joins a scope is in the snapshots that are
queued from then on, and a replay of the past is queued before whatever happens next.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from wherry.lib.clock import Clock
from wherry.watchcache.window import Batch, Match

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.005
_BETWEEN_LOOKS_AT_THE_CLOCK = 16

Deliver = Callable[[Batch], object]


class Subscription:
    """One watcher. `deliver` is called on the event loop with each batch that it may see, until `close`."""

    __slots__ = ("_leave", "deliver", "match")

    def __init__(self, match: Match | None, deliver: Deliver, leave: Callable[[Subscription], None]) -> None:
        self.match = match
        self.deliver: Deliver | None = deliver
        self._leave = leave

    @property
    def is_closed(self) -> bool:
        return self.deliver is None

    def close(self) -> None:
        """Nothing is delivered after this returns; closing again does nothing."""
        if self.deliver is not None:
            self.deliver = None
            self._leave(self)

    def receive(self, batch: Batch) -> None:
        """Hand over what this watcher may see of `batch`. One that fails is closed and disturbs nobody else."""
        if self.deliver is None:
            return
        try:
            seen = batch if self.match is None else batch.seen_by(self.match)
            if seen is not None:
                self.deliver(seen)
        except Exception:
            log.exception("a watcher failed and is closed")
            self.close()


class Receiver(Protocol):
    """Whom a batch is delivered to."""

    def receive(self, batch: Batch) -> None: ...


class _Call:
    """Somebody who waits for his turn among those that get batches."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def receive(self, _: Batch) -> None:
        self._callback()


class Fanout:
    """The queue of deliveries of one watch cache."""

    __slots__ = ("_clock", "_is_scheduled", "_queue", "_work")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: deque[tuple[Batch, Collection[Receiver]]] = deque()
        self._is_scheduled = False
        self._work: Iterator[None] | None = None

    def push(self, batch: Batch, audience: Collection[Receiver]) -> None:
        """Deliver `batch` to each of `audience`, soon. The collection must not change any more."""
        self._queue.append((batch, audience))
        if not self._is_scheduled:
            self._is_scheduled = True
            # The writers' futures are resolved after this turn's changes were told of, so their tasks run in the next
            # turn; what is scheduled from there comes behind them.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._run)

    def call_after(self, callback: Callable[[], object]) -> None:
        """Call `callback` once everything pushed so far has been delivered."""
        self.push(Batch(()), (_Call(callback),))

    @property
    def is_idle(self) -> bool:
        """Everything pushed so far has been delivered."""
        return not self._is_scheduled

    def clear(self) -> None:
        """Deliver nothing more of what is queued."""
        self._queue.clear()
        self._work = None

    def _run(self) -> None:
        deadline = self._clock.monotonic() + SLICE_SECONDS
        if self._work is None:
            self._work = self._deliveries()
        for _ in self._work:
            if self._clock.monotonic() >= deadline:
                asyncio.get_running_loop().call_soon(self._run)
                return
        self._work = None
        self._is_scheduled = False

    def _deliveries(self) -> Iterator[None]:
        """Deliver everything queued; each step is a short piece of work."""
        queue = self._queue
        while queue:
            batch, audience = queue.popleft()
            for count, subscription in enumerate(audience, 1):
                subscription.receive(batch)
                if count % _BETWEEN_LOOKS_AT_THE_CLOCK == 0:
                    yield
            yield
