"""Objects as the rows of a table, which is what `kubectl get` prints.

The columns are data of the kind. A row carries the object's metadata (or all of it, or nothing, by `includeObject`), so
that `-o name`, `--show-labels` and sorting work without another request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.errors import BadRequest
from wherry.api.meta.columns import DEFAULT_COLUMNS
from wherry.api.resource import Column, Resource, lookup
from wherry.apiserver import versions
from wherry.apiserver.encode import encode_any
from wherry.apiserver.watchstream import bookmark_object, line
from wherry.lib.clock import Clock
from wherry.store import Revision
from wherry.watchcache.item import Item
from wherry.watchcache.window import Batch

_INCLUDES = ("", "Metadata", "None", "Object")


def partial(obj: Obj, version: str = "v1") -> Obj:
    """An object's metadata as an object of its own."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj.get("metadata") or {},
    }


def table(
    resource: Resource,
    objects: Sequence[Obj],
    metadata: Obj,
    now: float,
    version: str,
    include: str,
    header: bool = True,
) -> Obj:
    """A Table of objects, with the metadata of their list."""
    columns = resource.columns or DEFAULT_COLUMNS
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns] if header else None,
        "rows": [_row(columns, obj, now, version, include) for obj in objects],
    }


def rows(resource: Resource, now: float, version: str, include: str) -> Callable[[Obj], Obj]:
    """What makes a row of an object."""
    columns = resource.columns or DEFAULT_COLUMNS
    return lambda obj: _row(columns, obj, now, version, include)


def check_include(include: str) -> str:
    if include not in _INCLUDES:
        raise BadRequest(f'unrecognized includeObject value: "{include}"')
    return include


class TableEncoder:
    """Watch events as tables of one row; the columns are told once."""

    __slots__ = ("_clock", "_header", "_include", "_resource", "_version")

    def __init__(self, resource: Resource, clock: Clock, version: str, include: str) -> None:
        self._resource = resource
        self._clock = clock
        self._version = version
        self._include = include
        self._header = True

    def added(self, item: Item) -> bytes:
        return self._line("ADDED", item)

    def batch(self, batch: Batch) -> bytes:
        return b"".join(self._line(event.type, event.item) for event in batch.events)

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        inner = bookmark_object(self._resource.api_version, self._resource.kind, revision, initial_end)
        whole = self._table([], {"resourceVersion": str(revision)})
        whole["rows"] = [{"cells": [], "object": inner}] if initial_end else []
        return line("BOOKMARK", encode_any(whole))

    def _line(self, type: str, item: Item) -> bytes:
        obj = versions.read(self._resource, item)
        whole = self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion")})
        return line(type, encode_any(whole))

    def _table(self, objects: Sequence[Obj], metadata: Obj) -> Obj:
        header, self._header = self._header, False
        return table(self._resource, objects, metadata, self._clock.time(), self._version, self._include, header)


class PartialEncoder:
    """Watch events with metadata only."""

    __slots__ = ("_resource", "_version")

    def __init__(self, resource: Resource, version: str) -> None:
        self._resource = resource
        self._version = version

    def added(self, item: Item) -> bytes:
        return self._line("ADDED", item)

    def batch(self, batch: Batch) -> bytes:
        return b"".join(self._line(event.type, event.item) for event in batch.events)

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        api_version = f"meta.k8s.io/{self._version}"
        return line(
            "BOOKMARK", encode_any(bookmark_object(api_version, "PartialObjectMetadata", revision, initial_end))
        )

    def _line(self, type: str, item: Item) -> bytes:
        return line(type, encode_any(partial(versions.read(self._resource, item), self._version)))


def _definition(column: Column) -> Obj:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(columns: Sequence[Column], obj: Obj, now: float, version: str, include: str) -> Obj:
    row: Obj = {"cells": [_cell(column, obj, now) for column in columns]}
    if include != "None":
        row["object"] = obj if include == "Object" else partial(obj, version)
    return row


def _cell(column: Column, obj: Obj, now: float) -> Any:
    value = column.value
    return lookup(obj, value) if isinstance(value, str) else value(obj, now)
