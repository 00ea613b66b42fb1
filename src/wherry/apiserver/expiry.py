"""Objects that go by themselves, a while after they were last written: Events, as upstream keeps them for an hour.

Nobody deletes them: what is due leaves the store as it does from etcd when its lease is over, past admission and
finalizers, and watchers hear that it was deleted. What was there when the server began counts as written then.
Every object of a kind lives equally long, so whoever was written first is due first, and one timer is enough; an
idle server whose Events are gone has none.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice

from msgspec import Struct

from wherry.api.resource import Resource
from wherry.apiserver.core import Core
from wherry.lib.clock import Timer
from wherry.store import Revision, StoreUnavailable, Write, WrongRevision
from wherry.watchcache.kindcache import KindCache
from wherry.watchcache.window import DELETED, Event

_SLACK_SECONDS = 60.0
"""How much longer objects may live, so that those of a minute go together."""
_AT_ONCE = 256
"""Deletions that are ordered before others get their turn."""


class Expiry:
    """Follows all kinds whose objects expire, until it is closed."""

    def __init__(self, core: Core) -> None:
        lasting = {resource.key_prefix: resource for resource in core.registry.stored() if resource.ttl_seconds}
        self._kinds = [_Kind(core, resource) for resource in lasting.values()]

    def open(self) -> None:
        for kind in self._kinds:
            kind.open()

    def close(self) -> None:
        for kind in self._kinds:
            kind.close()


class _Written(Struct, frozen=True, gc=False):
    """When an object was; of no interest once it has been written again."""

    moment: float
    namespace: str
    name: str
    revision: Revision


class _Kind:
    """The objects of one kind, in the order in which they were written."""

    def __init__(self, core: Core, resource: Resource) -> None:
        self._core = core
        self._resource = resource
        self._cache: KindCache = core.kind(resource)
        self._written: deque[_Written] = deque()
        self._timer: Timer | None = None
        self._is_removing = False
        self._unsubscribe: Callable[[], None] | None = None

    def open(self) -> None:
        for item in self._cache.items():
            self._note(item.namespace, item.name, item.revision)
        self._unsubscribe = self._cache.add_handler(self._hear)

    def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._written.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hear(self, event: Event) -> None:
        if event.type != DELETED:
            self._note(event.item.namespace, event.item.name, event.revision)

    def _note(self, namespace: str, name: str, revision: Revision) -> None:
        self._written.append(_Written(self._core.clock.monotonic(), namespace, name, revision))
        if self._timer is None and not self._is_removing:
            self._wait()

    def _wait(self) -> None:
        """Be woken when the first is due, and a little later than that where some have just gone."""
        self._timer = None
        if self._written:
            seconds = max(self._seconds_left(self._written[0]), _SLACK_SECONDS)
            self._timer = self._core.clock.call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._is_removing = True
        self._core.tasks.spawn(self._remove())

    async def _remove(self) -> None:
        """Let go of all that is due by now and has not been written since."""
        try:
            while due := [each for each in islice(self._written, _AT_ONCE) if self._seconds_left(each) <= 0]:
                for _ in due:
                    self._written.popleft()
                ordered = [self._order(each) for each in due if self._is_newest(each)]
                for outcome in await asyncio.gather(*ordered, return_exceptions=True):
                    if isinstance(outcome, BaseException) and not isinstance(outcome, WrongRevision | StoreUnavailable):
                        raise outcome
        finally:
            self._is_removing = False
            self._wait()

    def _is_newest(self, written: _Written) -> bool:
        item = self._cache.get(written.namespace, written.name)
        return item is not None and item.revision == written.revision

    def _order(self, written: _Written) -> asyncio.Future[Revision]:
        key = self._resource.key(written.namespace, written.name)
        return self._core.store.write(Write(key, None, written.revision))

    def _seconds_left(self, written: _Written) -> float:
        return written.moment + (self._resource.ttl_seconds or 0.0) - self._core.clock.monotonic()
