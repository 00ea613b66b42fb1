"""Watch events as bytes: what a watcher is shown (objects, tables, metadata), and how each event is packed.

The common case, JSON of the objects themselves, is made once for all who watch the same scope: `Batch.encoded`. Each
other encoding is one `Show` and one way to pack, so that protobuf and WebSockets cost a function each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.encode import encode_any
from wherry.apiserver.negotiate import JSON, PROTOBUF, Accepted, Form
from wherry.apiserver.table import partial, table
from wherry.apiserver.verbs.watch import INITIAL_EVENTS_END
from wherry.lib.clock import Clock
from wherry.store import Revision
from wherry.watchcache.item import Item
from wherry.watchcache.window import Batch

Pack = Callable[[str, bytes], bytes]
"""Makes one event of its type and its encoded object."""
Serialize = Callable[[Obj], bytes]


class Show(Protocol):
    """What a watcher sees of an object; one value per watch, since tables tell their columns once."""

    def item(self, item: Item) -> bytes:
        """An object in the form in which its kind shows it, encoded."""
        ...

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes: ...


class Encoder:
    """Makes the bytes of one watch."""

    __slots__ = ("_is_shared", "_pack", "_resource", "_serialize", "_show", "content_type")

    def __init__(
        self, resource: Resource, content_type: str, show: Show, pack: Pack, serialize: Serialize, is_shared: bool
    ) -> None:
        self._resource = resource
        self._show = show
        self._pack = pack
        self._serialize = serialize
        self._is_shared = is_shared
        self.content_type = content_type

    def added(self, item: Item) -> bytes:
        """An object that is there when the watch begins, as it is kept."""
        return self._pack("ADDED", self._show.item(versions.form(self._resource, item)))

    def batch(self, batch: Batch) -> bytes:
        """Events, whose objects are as the kind shows them."""
        if self._is_shared:
            return batch.encoded()
        pack, show = self._pack, self._show
        return b"".join([pack(event.type, show.item(event.item)) for event in batch.events])

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        return self._pack("BOOKMARK", self._show.bookmark(revision, initial_end))

    def error(self, error: ApiError) -> bytes:
        return self._pack("ERROR", self._serialize(error.status))


def encoder(
    resource: Resource,
    accepted: Accepted,
    clock: Clock,
    include: str = "",
    wrap: Callable[[bytes, bool], bytes] | None = None,
) -> Encoder:
    """The encoder of a watch. `wrap` makes a frame of each event by itself: (event, whether it is text) -> frame."""
    is_json = accepted.media_type != PROTOBUF
    serialize: Serialize = encode_any if is_json else _protobuf
    show: Show
    match accepted.form:
        case Form.TABLE:
            show = _Tables(resource, clock, accepted.version, include)
        case Form.PARTIAL:
            show = _Metadata(resource, accepted.version, serialize)
        case _:
            show = _Objects(resource) if is_json else _ProtobufObjects(resource)
    content_type = JSON if is_json else f"{PROTOBUF};stream=watch"
    is_shared = is_json and accepted.form is Form.OBJECT and wrap is None
    return Encoder(resource, content_type, show, _packer(is_json, wrap), serialize, is_shared)


def line(type: str, data: bytes) -> bytes:
    """One event of a watch in JSON."""
    return b'{"type":"%b","object":%b}\n' % (type.encode(), data)


def bookmark_object(api_version: str, kind: str, revision: Revision, initial_end: bool) -> Obj:
    """Says that everything up to `revision` has been seen."""
    meta: Obj = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial_end:
        meta["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta}


def _packer(is_json: bool, wrap: Callable[[bytes, bool], bytes] | None) -> Pack:
    if is_json:
        return line if wrap is None else lambda sort, data: wrap(line(sort, data), True)
    from wherry.apiserver.protobuf.writing import framed, watch_event

    if wrap is None:
        return lambda sort, data: framed(watch_event(sort, data))
    return lambda sort, data: wrap(watch_event(sort, data), False)


def _protobuf(obj: Obj) -> bytes:
    from wherry.apiserver.protobuf.writing import write_any

    return write_any(obj)


class _Objects:
    """The objects themselves, in JSON."""

    __slots__ = ("_resource",)

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def item(self, item: Item) -> bytes:
        return item.data

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        return encode_any(bookmark_object(self._resource.api_version, self._resource.kind, revision, initial_end))


class _ProtobufObjects:
    """The objects themselves, in protobuf."""

    __slots__ = ("_resource", "_type")

    def __init__(self, resource: Resource) -> None:
        from wherry.apiserver.protobuf.numbers import type_of

        self._resource = resource
        self._type = type_of(resource.api_version, resource.kind)

    def item(self, item: Item) -> bytes:
        from wherry.apiserver.protobuf.writing import write_bytes

        return write_bytes(item.data, self._type)

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        return _protobuf(bookmark_object(self._resource.api_version, self._resource.kind, revision, initial_end))


class _Tables:
    """Tables of one row each; the columns are told once."""

    __slots__ = ("_clock", "_header", "_include", "_resource", "_version")

    def __init__(self, resource: Resource, clock: Clock, version: str, include: str) -> None:
        self._resource = resource
        self._clock = clock
        self._version = version
        self._include = include
        self._header = True

    def item(self, item: Item) -> bytes:
        obj = item.decode()
        return encode_any(self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion")}))

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        inner = bookmark_object(self._resource.api_version, self._resource.kind, revision, initial_end)
        whole = self._table([], {"resourceVersion": str(revision)})
        whole["rows"] = [{"cells": [], "object": inner}] if initial_end else []
        return encode_any(whole)

    def _table(self, objects: list[Obj], metadata: Obj) -> Obj:
        header, self._header = self._header, False
        return table(self._resource, objects, metadata, self._clock.time(), self._version, self._include, header)


class _Metadata:
    """Metadata only."""

    __slots__ = ("_resource", "_serialize", "_version")

    def __init__(self, resource: Resource, version: str, serialize: Serialize) -> None:
        self._resource = resource
        self._serialize = serialize
        self._version = version

    def item(self, item: Item) -> bytes:
        return self._serialize(partial(item.decode(), self._version))

    def bookmark(self, revision: Revision, initial_end: bool) -> bytes:
        api_version = f"meta.k8s.io/{self._version}"
        return self._serialize(bookmark_object(api_version, "PartialObjectMetadata", revision, initial_end))
