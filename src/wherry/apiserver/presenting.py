"""Between the watch cache and a watcher of a kind that is shown in another form than it is kept in.

Events are handed on as `versions.form` shows them, by the latest definition of the kind. Those that take a converter
wait for it here, and what comes after them waits behind them, so that the watcher sees everything in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from wherry.api.errors import ApiError, Expired
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.aside import Aside
from wherry.lib.tasks import Tasks
from wherry.watchcache.fanout import Deliver
from wherry.watchcache.item import Item
from wherry.watchcache.window import Batch, Event, Match

_MOST_WAITING = 5_000

End = Callable[[ApiError | None], None]
"""Ends a watch from within: its kind is served no more, or (with an error) cannot be shown."""


class Closable(Protocol):
    """What can tell that nobody listens any more."""

    @property
    def is_closed(self) -> bool: ...


class Presenter:
    """A `Deliver` that shows each event as one watcher wants it."""

    __slots__ = ("_aside", "_deliver", "_end", "_events", "_match", "_resource", "_tasks", "_waiting", "subscription")

    def __init__(
        self, tasks: Tasks, aside: Aside, resource: Resource, match: Match | None, deliver: Deliver, end: End
    ) -> None:
        self._tasks = tasks
        self._aside = aside
        self._resource = resource
        self._match = match
        self._deliver = deliver
        self._end = end
        self._waiting: deque[Batch] = deque()
        self._events = 0
        self.subscription: Closable | None = None

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that came was handed on."""
        return not self._waiting

    def __call__(self, batch: Batch) -> None:
        if not self._waiting and self._is_soon(batch):
            try:
                self._hand_on(batch)
            except versions.Unconverted:
                self._tasks.spawn(self._catch_up(), "conversion of watched events")
            else:
                return
        self._waiting.append(batch)
        self._events += len(batch.events)
        if self._events > _MOST_WAITING:
            self._fail(Expired("the conversion of events takes longer than their history is kept"))

    def _is_soon(self, batch: Batch) -> bool:
        """Whether showing these events takes no long work."""
        resource = versions.current(self._resource)
        if not any(versions.is_long(resource, event.item) for event in batch.events):
            return True
        self._tasks.spawn(self._catch_up(), "showing of large objects")
        return False

    async def _catch_up(self) -> None:
        while self._waiting and not (self.subscription is not None and self.subscription.is_closed):
            batch = self._waiting[0]
            try:
                await versions.ready(self._aside, versions.current(self._resource), self._items(batch))
                self._hand_on(batch)
            except versions.Unconverted:
                continue  # defined anew meanwhile
            except ApiError as error:
                self._fail(error)
                return
            self._waiting.popleft()
            self._events -= len(batch.events)

    def _hand_on(self, batch: Batch) -> None:
        resource = versions.current(self._resource)
        if self._match is not None:
            shown = Batch([_shown(resource, event) for event in batch.events])
            if (seen := shown.seen_by(self._match)) is not None:
                self._deliver(seen)
            return
        if batch.form is None or batch.form[0] is not resource.purpose:
            events = [Event(event.type, versions.form(resource, event.item), None) for event in batch.events]
            batch.form = (resource.purpose, Batch(events))
        self._deliver(batch.form[1])

    def _items(self, batch: Batch) -> list[Item]:
        items = [event.item for event in batch.events]
        if self._match is not None:
            items += [event.prev for event in batch.events if event.prev is not None]
        return items

    def _fail(self, error: ApiError) -> None:
        self._waiting.clear()
        self._events = 0
        self._end(error)


def _shown(resource: Resource, event: Event) -> Event:
    """With the state before, which is looked at to find out whether it matched."""
    before = versions.form(resource, event.prev) if event.prev is not None else None
    return Event(event.type, versions.form(resource, event.item), before)
