"""What an informer knows: objects by key, look-up tables, and who wants to hear of changes.

Changes are applied one by one: first the object and the look-up tables, then the handlers in the order in which they
came. So a handler always finds the state in which it is called, and a handler that fails keeps no other from its call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from wherry.client import Handler, Key

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Table(Generic[T]):
    """One look-up table."""

    __slots__ = ("_keys", "_rows")

    def __init__(self, keys: Callable[[T], Iterable[str]]) -> None:
        self._keys = keys
        self._rows: dict[str, dict[Key, T]] = {}

    def put(self, key: Key, old: T | None, new: T | None) -> None:
        if old is not None:
            for name in self._keys(old):
                if row := self._rows.get(name):
                    row.pop(key, None)
                    if not row:
                        del self._rows[name]
        if new is not None:
            for name in self._keys(new):
                self._rows.setdefault(name, {})[key] = new

    def get(self, name: str) -> Iterable[T]:
        return self._rows.get(name, {}).values()


class Index(Generic[T]):
    """The objects of one informer."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._objects: dict[Key, T] = {}
        self._versions: dict[Key, str] = {}
        self._namespaces: dict[str, dict[Key, T]] = {}
        self._tables: dict[str, _Table[T]] = {}
        self._handlers: list[Handler[T]] = []

    def get(self, key: Key) -> T | None:
        return self._objects.get(key)

    def list(self, namespace: str = "") -> Iterable[T]:
        """A copy, so that whoever goes through it may await meanwhile."""
        objects = self._namespaces.get(namespace, {}) if namespace else self._objects
        return tuple(objects.values())

    def add_table(self, name: str, keys: Callable[[T], Iterable[str]]) -> None:
        if name in self._tables:
            return
        table = _Table(keys)
        for key, obj in self._objects.items():
            table.put(key, None, obj)
        self._tables[name] = table

    def by_table(self, name: str, key: str) -> Iterable[T]:
        return tuple(self._tables[name].get(key))

    def add_handler(self, handler: Handler[T]) -> None:
        self._handlers.append(handler)
        for obj in tuple(self._objects.values()):
            self._call(handler, None, obj)

    def put(self, key: Key, version: str, new: T | None) -> None:
        """An object is new, changed, or (None) gone. The version seen already changes nothing."""
        old = self._objects.get(key)
        if new is None:
            if old is None:
                return
            del self._objects[key]
            del self._versions[key]
            self._leave(key)
        else:
            if old is not None and self._versions[key] == version:
                return
            self._objects[key] = new
            self._versions[key] = version
            if key.namespace:
                self._namespaces.setdefault(key.namespace, {})[key] = new
        for table in self._tables.values():
            table.put(key, old, new)
        for handler in tuple(self._handlers):
            self._call(handler, old, new)

    def replace(self, objects: Mapping[Key, tuple[str, T]]) -> None:
        """These are all there are now: what is missing is gone, what differs has changed."""
        for key in [key for key in self._objects if key not in objects]:
            self.put(key, "", None)
        for key, (version, obj) in objects.items():
            self.put(key, version, obj)

    def _leave(self, key: Key) -> None:
        """Take the object off the list of its namespace."""
        if key.namespace:
            objects = self._namespaces[key.namespace]
            del objects[key]
            if not objects:
                del self._namespaces[key.namespace]

    def _call(self, handler: Handler[T], old: T | None, new: T | None) -> None:
        try:
            handler(old, new)
        except Exception:
            log.exception("a handler of %s failed", self._what)
