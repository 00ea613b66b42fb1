"""Informers in the API server's own process: windows onto the watch cache, which copy nothing.

Views are decoded from the cached bytes when somebody looks; a bounded number of the latest is kept, since a change is
usually looked at by several handlers and reconcilers in a row. Who looks at nothing but metadata looks at the whole
where another informer has that anyway. Handlers hear of a change before its writer is answered.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from wherry.api.resource import Resource
from wherry.api.types.decoding import decoder
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.api.types.metadata import Metadata
from wherry.apiserver import versions
from wherry.apiserver.core import Core
from wherry.apiserver.selection import select
from wherry.client import Handler, Key
from wherry.reconcile.acting import act_again, act_as
from wherry.watchcache.item import Item
from wherry.watchcache.window import DELETED, Event

log = logging.getLogger(__name__)
T = TypeVar("T")
_KEPT_VIEWS = 1024


class _Index(Generic[T]):
    """A look-up table, kept as keys of objects."""

    __slots__ = ("entries", "keys_of")

    def __init__(self, keys_of: Callable[[T], Iterable[str]]) -> None:
        self.keys_of = keys_of
        self.entries: dict[str, dict[Key, None]] = {}

    def move(self, key: Key, old: T | None, new: T | None) -> None:
        had = tuple(self.keys_of(old)) if old is not None else ()
        has = tuple(self.keys_of(new)) if new is not None else ()
        if had == has:
            return
        for entry in had:
            if entry not in has and (members := self.entries.get(entry)) is not None:
                members.pop(key, None)
                if not members:
                    del self.entries[entry]
        for entry in has:
            if entry not in had:
                self.entries.setdefault(entry, {})[key] = None


class InProcessInformer(Generic[T]):
    """All objects of a kind (or those a field selector means), seen through `view`."""

    __slots__ = (
        "_decode",
        "_handlers",
        "_indexes",
        "_is_bare",
        "_kind",
        "_lender",
        "_match",
        "_outdated",
        "_resource",
        "_type",
        "_unsubscribe",
        "_views",
    )

    def __init__(self, core: Core, resource: Resource, view: type[T], field_selector: str = "") -> None:
        self._resource = resource
        self._kind = core.kind(resource)
        self._match = versions.matching(resource, select(resource, "", field_selector).match)
        self._is_bare = resource.from_storage is None or view is Metadata
        self._decode: Callable[[bytes], T] = self._first_decode
        self._type = view
        self._views: OrderedDict[Item, T] = OrderedDict()
        self._indexes: dict[str, _Index[T]] = {}
        self._handlers: list[Handler[T]] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._lender: InProcessInformer[Any] | None = None
        self._outdated: Item | None = None
        """The object before the change that was heard of last: somebody else may be about to hear of that."""

    @property
    def resource(self) -> Resource:
        return self._resource

    def borrow(self, lender: InProcessInformer[Any]) -> None:
        """Show views of another informer of the kind while that listens: they show all that this one's would."""
        self._lender = lender

    async def wait_synced(self) -> None:
        """The watch cache is the truth already."""

    def get(self, key: Key) -> T | None:
        item = self._kind.get(key.namespace, key.name)
        if item is None or (self._match is not None and not self._match(item)):
            return None
        return self._view(item)

    def list(self, namespace: str = "") -> Iterable[T]:
        return [self._glimpse(item) for item in self._items(namespace)]

    def add_index(self, name: str, keys: Callable[[T], Iterable[str]]) -> None:
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(keys)
        for item in self._items():
            index.move(Key(item.namespace, item.name), None, self._glimpse(item))
        self._listen()

    def by_index(self, name: str, key: str) -> Iterable[T]:
        found = (self.get(member) for member in tuple(self._indexes[name].entries.get(key, ())))
        return [view for view in found if view is not None]

    def add_handler(self, handler: Handler[T]) -> None:
        acted = act_as("")
        for item in self._items():
            _call(handler, None, self._glimpse(item))
        act_again(acted)
        self._handlers.append(handler)
        self._listen()

    def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._handlers.clear()
        self._views.clear()

    @property
    def is_listening(self) -> bool:
        """Whether somebody wants to hear of changes, so that views of what changes are made in any case."""
        return self._unsubscribe is not None

    def _items(self, namespace: str = "") -> Sequence[Item]:
        items, match = self._kind.items(namespace), self._match
        return items if match is None else [item for item in items if match(item)]

    def _listen(self) -> None:
        if self._unsubscribe is None:
            self._unsubscribe = self._kind.add_handler(self._hear)

    def _hear(self, event: Event) -> None:
        seen = event if self._match is None else event.seen_by(self._match)
        if seen is None:
            return
        if self._outdated is not None:
            self._views.pop(self._outdated, None)
        self._outdated = seen.prev
        old = self._view(seen.prev) if seen.prev is not None else None
        new = None if seen.type == DELETED else self._view(seen.item)
        key = Key(seen.item.namespace, seen.item.name)
        for index in self._indexes.values():
            index.move(key, old, new)
        acted = act_as("")  # What handlers start is not the writer's work.
        for handler in self._handlers:
            _call(handler, old, new)
        act_again(acted)

    def _view(self, item: Item) -> T:
        lender = self._lender
        if lender is not None and lender.is_listening:
            return cast("T", lender._view(item))
        view = self._views.get(item)
        if view is None:
            view = self._decode(self._bytes(item))
            if len(self._views) >= _KEPT_VIEWS:
                self._views.popitem(last=False)
            self._views[item] = view
        return view

    def _glimpse(self, item: Item) -> T:
        """The view for one who goes through all there is: not kept at the cost of those looked at for a reason."""
        lender = self._lender
        if lender is not None and lender.is_listening:
            return cast("T", lender._glimpse(item))
        if len(self._views) < _KEPT_VIEWS:
            return self._view(item)
        return self._views.get(item) or self._decode(self._bytes(item))

    def _first_decode(self, data: bytes) -> T:
        """Many kinds are watched that have no objects, and a decoder wants to know all that is in its type."""
        self._decode = decoder(self._type).decode
        return self._decode(data)

    def _bytes(self, item: Item) -> bytes:
        """Metadata is the same in all forms, so that who looks at nothing else needs none to be made."""
        if self._is_bare:
            return item.data
        try:
            return versions.present(self._resource, item)
        except versions.Unconverted:
            return item.data  # Nobody waits here for a converter.


def shows_metadata(view: type[Any]) -> bool:
    """Whether a view has all that `Metadata` has."""
    fields: dict[str, Any] = getattr(view, "__annotations__", {})
    return fields.keys() >= {"api_version", "kind"} and fields.get("metadata") in (ObjectMeta, ObjectMeta.__name__)


def _call(handler: Handler[T], old: T | None, new: T | None) -> None:
    """One handler's failure is its own."""
    try:
        handler(old, new)
    except Exception:
        log.exception("an informer's handler failed")
