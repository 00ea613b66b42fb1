"""One kind: get, list at a revision, watch from a revision.

Everything here is synchronous and sees one moment: between two awaits of the caller nothing changes, so a list and the
watch that follows from its revision have neither a gap nor an overlap.

A list at an earlier revision is the present with the events since then undone; that serves continue tokens
consistently for as long as the window reaches back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Protocol

from msgspec import Struct

from wherry.store import Change, Revision, Row
from wherry.watchcache.audience import Audience, Pin, Seat, is_in_scope
from wherry.watchcache.bucket import Bucket
from wherry.watchcache.fanout import Deliver, Fanout, Subscription
from wherry.watchcache.item import Item, stamp
from wherry.watchcache.window import ADDED, DELETED, MODIFIED, Batch, Event, Match, Window

Handler = Callable[[Event], object]

_EVENTS_PER_REPLAYED_BATCH = 128


class Listing(Struct, frozen=True):
    """One page."""

    items: list[Item]
    revision: Revision
    """What a watch goes on from, and what the next page is asked `at`."""
    next_key: str
    """`start_key` of the next page; "" when this was the last."""
    remaining: int | None
    """How many items follow this page; None when a selector makes that unknown, or none follow."""


class Present(Protocol):
    """Tells the revision that the cache has reached."""

    @property
    def revision(self) -> Revision: ...


class KindCache:
    """The objects of one kind and their recent past."""

    __slots__ = ("_audience", "_buckets", "_fanout", "_present", "handlers", "prefix", "window")

    def __init__(self, prefix: str, present: Present, fanout: Fanout, window: Window) -> None:
        self.prefix = prefix
        self.window = window
        self.handlers: tuple[Handler, ...] = ()
        """Called with every event, in order, when it happens and before its writer is answered: informers."""
        self._present = present
        self._fanout = fanout
        self._buckets: dict[str, Bucket] = {}
        self._audience = Audience()

    def __len__(self) -> int:
        return sum(len(bucket.items) for bucket in self._buckets.values())

    def __repr__(self) -> str:
        return f"<KindCache {self.prefix}: {len(self)} objects>"

    @property
    def revision(self) -> Revision:
        """The revision that what can be read here is at."""
        return self._present.revision

    @property
    def watchers(self) -> int:
        return len(self._audience)

    def get(self, namespace: str, name: str) -> Item | None:
        bucket = self._buckets.get(namespace)
        return None if bucket is None else bucket.items.get(name)

    def items(self, namespace: str = "") -> list[Item]:
        """All items, or those of one namespace, in the order of their keys."""
        if namespace:
            bucket = self._buckets.get(namespace)
            return [] if bucket is None else bucket.after("")
        return [item for bucket, after in _in_order(self._buckets, "", "") for item in bucket.after(after)]

    def list(
        self,
        namespace: str = "",
        match: Match | None = None,
        *,
        at: Revision | None = None,
        start_key: str = "",
        limit: int = 0,
    ) -> Listing:
        """Items in the order of their keys, those after `start_key` (exclusive), at most `limit` (0: all).

        `at` None is now. Raises Compacted when `at` is further back than the window. To list at a revision that is
        still to come, `wait_revision` first.
        """
        revision = self.revision if at is None else at
        buckets = self._buckets if revision == self.revision else self._buckets_at(revision)
        found: list[Item] = []
        for bucket, after in _in_order(buckets, namespace, start_key):
            items = bucket.after(after)
            if match is None:
                found += items
                continue
            # One more than the page holds tells whether there is a next one; a selector leaves the rest uncounted.
            found += islice(filter(match, items), limit + 1 - len(found) if limit else None)
            if limit and len(found) > limit:
                break
        if not limit or len(found) <= limit:
            return Listing(found, revision, "", None)
        remaining = len(found) - limit if match is None else None
        del found[limit:]
        return Listing(found, revision, found[-1].key, remaining)

    def watch(
        self,
        namespace: str,
        name: str,
        match: Match | None,
        since: Revision | None,
        deliver: Deliver,
        *,
        pin: Pin | None = None,
    ) -> Subscription:
        """Call `deliver` with what happens after `since` (None: now) in a namespace and to a name ("": any).

        Raises Compacted when the window does not reach back to `since`. What has happened already is delivered soon,
        not before this returns. With `match`, events are what they are to someone who sees matching objects only;
        `pin` may name one field's value that `match` demands in any case, and saves asking about other objects.
        """
        seat = Seat((namespace, name), pin)
        if since is not None and since > self.revision:
            deliver = _only_after(since, deliver)
        missed = self._missed(namespace, name, since)
        subscription = Subscription(match, deliver, partial(self._audience.leave, seat))
        for start in range(0, len(missed), _EVENTS_PER_REPLAYED_BATCH):
            self._fanout.push(Batch(missed[start : start + _EVENTS_PER_REPLAYED_BATCH]), (subscription,))
        self._audience.join(seat, subscription)
        return subscription

    def add_handler(self, handler: Handler) -> Callable[[], None]:
        """Call `handler` with every event from now on, before its writer is answered; returns what ends that."""
        self.handlers = (*self.handlers, handler)
        return lambda: self._remove_handler(handler)

    def begin_with(self, row: Row) -> None:
        """Take over what was there before the history that the window knows."""
        namespace, name = self._split(row.key)
        self._bucket(namespace).put(Item(namespace, name, row.revision, stamp(row.value, row.revision)))

    def apply(self, change: Change) -> Event | None:
        """Take over one change; nobody is told yet. None if it says nothing new."""
        namespace, name = self._split(change.key)
        if change.value is None:
            prev = self._remove(namespace, name)
            if prev is None:
                return None
            event = Event(DELETED, prev.at(change.revision), prev)
        else:
            item = Item(namespace, name, change.revision, stamp(change.value, change.revision))
            prev = self._bucket(namespace).put(item)
            event = Event(ADDED if prev is None else MODIFIED, item, prev)
        self.window.append(event)
        return event

    def publish(self, events: Sequence[Event]) -> None:
        """Queue events, all of one batch of changes, for those who watch."""
        self._audience.publish(events, self._fanout)

    def _missed(self, namespace: str, name: str, since: Revision | None) -> Sequence[Event]:
        if since is None or since >= self.revision:
            return []
        scope = (namespace, name)
        return [event for event in self.window.since(since) if is_in_scope(event, scope)]

    def _remove_handler(self, handler: Handler) -> None:
        self.handlers = tuple(each for each in self.handlers if each is not handler)

    def _split(self, key: str) -> tuple[str, str]:
        namespace, slash, name = key[len(self.prefix) + 1 :].partition("/")
        return (namespace, name) if slash else ("", namespace)

    def _bucket(self, namespace: str) -> Bucket:
        bucket = self._buckets.get(namespace)
        if bucket is None:
            bucket = self._buckets[namespace] = Bucket()
        return bucket

    def _remove(self, namespace: str, name: str) -> Item | None:
        bucket = self._buckets.get(namespace)
        if bucket is None:
            return None
        prev = bucket.remove(name)
        if not bucket.items:
            del self._buckets[namespace]
        return prev

    def _buckets_at(self, revision: Revision) -> dict[str, Bucket]:
        """The past: untouched namespaces are shared with the present, the others are copied and put back."""
        if revision > self.revision:
            raise ValueError(f"revision {revision} is still to come; {self.revision} is now")
        buckets = dict(self._buckets)
        for (namespace, name), item in self.window.undo(revision).items():
            bucket = buckets.get(namespace)
            if bucket is None or bucket is self._buckets.get(namespace):
                bucket = buckets[namespace] = bucket.copy() if bucket else Bucket()
            if item is None:
                bucket.remove(name)
            else:
                bucket.put(item)
        return buckets


def _in_order(buckets: dict[str, Bucket], namespace: str, start_key: str) -> list[tuple[Bucket, str]]:
    """The buckets a list goes through, each with the name it goes on after."""
    start_namespace, slash, start_name = start_key.partition("/")
    if not slash:
        start_namespace, start_name = "", start_key
    if namespace:
        bucket = buckets.get(namespace)
        return [] if bucket is None else [(bucket, start_name)]
    # Keys are ordered as text, and `-` and `.` come before the `/` that ends a namespace.
    first = start_namespace + "/"
    order = sorted(each + "/" for each in buckets)
    return [
        (buckets[each[:-1]], start_name if each == first else "") for each in order if not start_key or each >= first
    ]


def _only_after(revision: Revision, deliver: Deliver) -> Deliver:
    """For watchers that ask for the future: leave out what happens up to `revision`."""

    def deliver_later(batch: Batch) -> None:
        events = [event for event in batch.events if event.revision > revision]
        if events:
            deliver(batch if len(events) == len(batch.events) else Batch(events))

    return deliver_later
