"""Who watches what: subscriptions by scope, so that an event costs nothing to those it does not concern.

A scope is (namespace, name) with "" for any: everything, one namespace, one object, or one name in any namespace.
Watchers of a scope without a selector share one batch; those with a selector look at each event of their scope.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from wherry.watchcache.fanout import Fanout, Subscription
from wherry.watchcache.window import Batch, Event

Scope: TypeAlias = tuple[str, str]

EVERYTHING: Scope = ("", "")


class Audience:
    """The subscriptions of one kind."""

    __slots__ = ("_members", "_snapshots")

    def __init__(self) -> None:
        self._members: dict[Scope, dict[Subscription, None]] = {}
        self._snapshots: dict[Scope, tuple[Subscription, ...]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._members.values()))

    def join(self, scope: Scope, subscription: Subscription) -> None:
        self._members.setdefault(scope, {})[subscription] = None
        self._snapshots.pop(scope, None)

    def leave(self, scope: Scope, subscription: Subscription) -> None:
        members = self._members.get(scope)
        if members is None:
            return
        members.pop(subscription, None)
        self._snapshots.pop(scope, None)
        if not members:
            del self._members[scope]

    def publish(self, events: Sequence[Event], fanout: Fanout) -> None:
        """Queue `events` for all whom they concern at this moment."""
        members = self._members
        if not members:
            return
        if EVERYTHING in members:
            fanout.push(Batch(events), self._snapshot(EVERYTHING))
            if len(members) == 1:
                return
        by_scope: dict[Scope, list[Event]] = {}
        for event in events:
            for scope in _narrow_scopes(event):
                if scope in members:
                    by_scope.setdefault(scope, []).append(event)
        for scope, concerned in by_scope.items():
            fanout.push(Batch(concerned), self._snapshot(scope))

    def _snapshot(self, scope: Scope) -> tuple[Subscription, ...]:
        snapshot = self._snapshots.get(scope)
        if snapshot is None:
            snapshot = self._snapshots[scope] = tuple(self._members[scope])
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
