"""All kinds of one store: fed by its changes, a `KindCache` each, made when first wanted.

A batch of changes is taken over in four steps, the order of which is the contract: all kinds are brought up to date;
what network watchers get is queued (`fanout.py` delivers it after the writers were answered); in-process handlers
hear of every event in order; whoever waits for a revision is woken. The store answers the writers after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import TypeVar

from wherry.lib.clock import Clock, Timer
from wherry.lib.pulse import Quiet, call_every
from wherry.store import Change, Held, Revision, Store
from wherry.watchcache.fanout import Fanout
from wherry.watchcache.kindcache import Handler, KindCache
from wherry.watchcache.waiting import Waiters
from wherry.watchcache.window import DELETED, Event, Window, WindowLimits

log = logging.getLogger(__name__)

T = TypeVar("T")
_SLICE = 1000
_FORGETTING_PARTS = 5
"""Old events are given up in so many steps per age limit: they live at most a fifth longer than they should."""


class WatchCache:
    """Current state and recent events of everything in a store."""

    def __init__(self, store: Store, clock: Clock, limits: WindowLimits | None = None) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits or WindowLimits()
        self._fanout = Fanout(clock)
        self._kinds: dict[str, KindCache] = {}
        self._early: list[Change] | None = []
        """What others write while this opens; None from then on."""
        self._floor = Revision(0)
        self._revision = Revision(0)
        self._waiters = Waiters(clock)
        self._marks: deque[tuple[float, Revision]] = deque()
        self._timer: Timer | None = None

    async def open(self) -> None:
        """Read the store and follow it from then on."""
        rows, changes, revision = await self._store.open(self._on_changes)
        self._floor = Revision(changes[0].revision - 1) if changes else revision
        self._revision = revision
        async for row in _in_turns(rows):
            self._kind_of(row.key).begin_with(row)
        async for change in _in_turns(changes):
            self._kind_of(change.key).apply(change)
        if changes:
            self._age(revision)
        early, self._early = self._early, None
        if early:
            self._on_changes(early)

    async def close(self) -> None:
        """Let go of the store; watchers hear nothing more, waiters fail."""
        await self._store.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiters.close()
        self._fanout.clear()

    @property
    def revision(self) -> Revision:
        """The newest revision that can be read here."""
        return self._revision

    @property
    def is_delivered(self) -> bool:
        """Whether all watchers have been given everything up to `revision`: only then may a bookmark name it."""
        return self._fanout.is_idle

    def when_delivered(self, callback: Callable[[], object]) -> None:
        """Call `callback` once all watchers have been given everything up to now."""
        self._fanout.call_after(callback)

    def kind(self, prefix: str) -> KindCache:
        """The cache of the objects whose keys begin with `prefix` and a slash."""
        kind = self._kinds.get(prefix)
        if kind is None:
            kind = self._kinds[prefix] = KindCache(prefix, self, self._fanout, Window(self._floor, self._limits))
        return kind

    @property
    def kinds(self) -> Collection[KindCache]:
        """The kinds that have been asked for or changed so far: what metrics count."""
        return self._kinds.values()

    async def wait_revision(self, revision: Revision, timeout: float) -> None:
        """Return once `revision` can be read here; raises TimeoutError after `timeout` seconds."""
        if revision > self._revision:
            await self._waiters.wait(revision, timeout)

    def _kind_of(self, key: str) -> KindCache:
        return self.kind(key.partition("/")[0])

    def _on_changes(self, changes: Sequence[Change]) -> Sequence[Held | None] | None:
        """Take changes over; returns how their values are held from now on."""
        if self._early is not None:
            self._early += changes
            return None
        held: list[Held | None] = []
        by_kind: dict[KindCache, list[Event]] = {}
        calls: list[tuple[tuple[Handler, ...], Event]] = []
        for change in changes:
            kind = self._kind_of(change.key)
            event = kind.apply(change)
            held.append(None if event is None or event.type == DELETED else event.item)
            if event is None:
                continue
            if kind in by_kind:
                by_kind[kind].append(event)
            else:
                by_kind[kind] = [event]
            if kind.handlers:
                calls.append((kind.handlers, event))
        self._revision = changes[-1].revision
        for kind, events in by_kind.items():
            kind.publish(events)
        for handlers, event in calls:
            _call(handlers, event)
        self._waiters.reach(self._revision)
        if self._timer is None:
            self._age(self._revision)
        return held

    def _age(self, revision: Revision) -> None:
        """Remember when `revision` was, so that events up to it can be given up in time."""
        if self._timer is None:
            self._marks.append((self._clock.monotonic(), revision))
            seconds = self._limits.seconds / _FORGETTING_PARTS
            self._timer = call_every(self._clock, seconds, seconds, Quiet(self._grow_older))

    def _grow_older(self) -> None:
        """Give up what is too old; go on only while there is something left that will be."""
        outdated = Revision(0)
        while self._marks and self._marks[0][0] <= self._clock.monotonic() - self._limits.seconds:
            outdated = self._marks.popleft()[1]
        for kind in self._kinds.values():
            kind.window.forget(outdated)
        if any(len(kind.window) for kind in self._kinds.values()):
            self._marks.append((self._clock.monotonic(), self._revision))
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _in_turns(values: Iterable[T]) -> AsyncIterator[T]:
    """All values; others get their turn after every few milliseconds of work."""
    for count, value in enumerate(values, 1):
        yield value
        if count % _SLICE == 0:
            await asyncio.sleep(0)


def _call(handlers: tuple[Handler, ...], event: Event) -> None:
    for handler in handlers:
        try:
            handler(event)
        except Exception:
            log.exception("a handler failed on %r", event)
