"""Who watches what: subscriptions by scope, so that an event costs nothing to those it does not concern.

A scope is (namespace, name) with "" for any: everything, one namespace, one object, or one name in any namespace.
Watchers of a scope without a selector share one batch; those with a selector look at each event of their scope. A
selector that demands one value of a field can be pinned to it: then events are looked up by that value, and a thousand
kubelets that watch the pods of their own nodes cost no more than the one that is concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from wherry.api import Obj
from wherry.watchcache.fanout import Fanout, Subscription
from wherry.watchcache.window import Batch, Event

Scope: TypeAlias = tuple[str, str]

EVERYTHING: Scope = ("", "")


class Pin(Struct, frozen=True):
    """What a selector demands among other things: that a field has a value. Arguments are those of `Item.field`."""

    field: str
    getter: Callable[[Obj], str]
    value: str


class Seat(Struct, frozen=True):
    """Where a subscription sits: whose events it may be concerned by."""

    scope: Scope
    pin: Pin | None = None

    @property
    def key(self) -> tuple[str, ...]:
        return self.scope if self.pin is None else (*self.scope, self.pin.field, self.pin.value)


class Audience:
    """The subscriptions of one kind."""

    __slots__ = ("_members", "_pinned", "_snapshots")

    def __init__(self) -> None:
        self._members: dict[tuple[str, ...], dict[Subscription, None]] = {}
        self._snapshots: dict[tuple[str, ...], tuple[Subscription, ...]] = {}
        self._pinned: dict[str, tuple[Callable[[Obj], str], int]] = {}
        """The fields that somebody is pinned to: how to get them, and how many are."""

    def __len__(self) -> int:
        return sum(map(len, self._members.values()))

    def join(self, seat: Seat, subscription: Subscription) -> None:
        self._members.setdefault(seat.key, {})[subscription] = None
        self._snapshots.pop(seat.key, None)
        if seat.pin is not None:
            getter, count = self._pinned.get(seat.pin.field, (seat.pin.getter, 0))
            self._pinned[seat.pin.field] = getter, count + 1

    def leave(self, seat: Seat, subscription: Subscription) -> None:
        """To be called once for each `join`."""
        members = self._members[seat.key]
        del members[subscription]
        self._snapshots.pop(seat.key, None)
        if not members:
            del self._members[seat.key]
        if seat.pin is not None:
            getter, count = self._pinned.pop(seat.pin.field)
            if count > 1:
                self._pinned[seat.pin.field] = getter, count - 1

    def publish(self, events: Sequence[Event], fanout: Fanout) -> None:
        """Queue `events` for all whom they concern at this moment."""
        members = self._members
        if not members:
            return
        if EVERYTHING in members:
            fanout.push(Batch(events), self._snapshot(EVERYTHING))
            if len(members) == 1:
                return
        concerned: dict[tuple[str, ...], list[Event]] = {}
        for event in events:
            for key in self._keys(event):
                if key in members:
                    concerned.setdefault(key, []).append(event)
        for key, their_events in concerned.items():
            fanout.push(Batch(their_events), self._snapshot(key))

    def _keys(self, event: Event) -> Iterator[tuple[str, ...]]:
        """Where those sit whom `event` may concern: by scope, and by a value that the object has or had until now."""
        scopes = _narrow_scopes(event)
        yield from scopes
        for field, (getter, _) in self._pinned.items():
            values = {event.item.field(field, getter)}
            if event.prev is not None:
                values.add(event.prev.field(field, getter))
            for value in values:
                for scope in (EVERYTHING, *scopes):
                    yield (*scope, field, value)

    def _snapshot(self, key: tuple[str, ...]) -> tuple[Subscription, ...]:
        snapshot = self._snapshots.get(key)
        if snapshot is None:
            snapshot = self._snapshots[key] = tuple(self._members[key])
        return snapshot


def is_in_scope(event: Event, scope: Scope) -> bool:
    namespace, name = scope
    item = event.item
    return (not namespace or item.namespace == namespace) and (not name or item.name == name)


def _narrow_scopes(event: Event) -> tuple[Scope, ...]:
    namespace, name = event.item.namespace, event.item.name
    if namespace:
        return (namespace, ""), (namespace, name), ("", name)
    return (("", name),)
