"""An informer over HTTP: list, then watch, for ever.

The rule of the file: from the moment of the first full list the index is always some state that the server really had,
and it never goes back. A watch that ends or breaks is taken up again from the last resourceVersion seen (bookmarks move
it on); only when the server says that this is too old is everything read anew, and then handlers hear of the
difference alone. Where the server streams the first list through the watch itself (KEP-3157), it does; older ones are
asked for pages.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from wherry.api.errors import ApiError, BadRequest, Invalid
from wherry.api.resource import Resource
from wherry.api.types.decoding import decode
from wherry.client import Handler, Key
from wherry.client.index import Index
from wherry.client.paths import path_of, with_query
from wherry.client.watching import INITIAL_EVENTS_END, WatchLine
from wherry.lib.backoff import Backoff
from wherry.lib.clock import Clock
from wherry.transport.connect import Answer

T = TypeVar("T")

log = logging.getLogger(__name__)

_PAGE: Final = 500
_BACKOFF: Final = Backoff(0.8, 30.0)
_SHORTEST_WATCH: Final = 300.0
_SHORT: Final = 1.0
"""A watch that ended sooner without a single event counts as a failure, or we would spin."""


class Source(Protocol):
    """What a reflector needs of its client."""

    async def raw(
        self, method: str, target: str, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()
    ) -> Answer: ...

    def watch_lines(
        self, resource: Resource, namespace: str, query: Mapping[str, str]
    ) -> AsyncGenerator[WatchLine, None]: ...


class _Meta(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    metadata: _Meta = _Meta()


class _ListMeta(msgspec.Struct, frozen=True, rename={"resource_version": "resourceVersion", "token": "continue"}):
    resource_version: str = ""
    token: str = ""


class _List(msgspec.Struct, frozen=True):
    metadata: _ListMeta = _ListMeta()
    items: list[msgspec.Raw] | None = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LIST: Final = msgspec.json.Decoder(_List)


class Reflector(Generic[T]):
    """Implements `wherry.client.Informer`; `run` keeps it up to date until it is cancelled."""

    def __init__(
        self,
        source: Source,
        resource: Resource,
        view: type[T],
        field_selector: str,
        clock: Clock,
        random: random.Random,
    ) -> None:
        self._source = source
        self._resource = resource
        self._view = view
        self._field_selector = field_selector
        self._clock = clock
        self._random = random
        self._index: Index[T] = Index(resource.group_resource)
        self._synced = asyncio.Event()
        self._version = ""
        """The resourceVersion seen last; "" when everything must be read."""
        self._streams_lists = True
        self._failures = 0

    # What others see.

    @property
    def resource(self) -> Resource:
        return self._resource

    async def wait_synced(self) -> None:
        await self._synced.wait()

    def get(self, key: Key) -> T | None:
        return self._index.get(key)

    def list(self, namespace: str = "") -> Iterable[T]:
        return self._index.list(namespace)

    def add_index(self, name: str, keys: Callable[[T], Iterable[str]]) -> None:
        self._index.add_table(name, keys)

    def by_index(self, name: str, key: str) -> Iterable[T]:
        return self._index.by_table(name, key)

    def add_handler(self, handler: Handler[T]) -> None:
        self._index.add_handler(handler)

    # How it is kept up to date.

    async def run(self) -> None:
        """Follow the server until cancelled; whatever fails is tried again, later and later."""
        while True:
            try:
                await self._follow()
            except ApiError as error:
                await self._recover(error)
            except Exception:
                # An object we cannot decode, say. The next state may be better, and giving up never is.
                log.exception("following %s failed", self._resource.group_resource)
                self._version = ""
                await self._wait()

    async def _follow(self) -> None:
        """One list if needed, and one watch to its end."""
        if not self._version:
            if self._streams_lists:
                await self._watch(initial=True)
                return
            await self._read_pages()
        await self._watch(initial=False)

    async def _recover(self, error: ApiError) -> None:
        if error.http_code == 410:
            log.info("%s: %s; reading everything anew", self._resource.group_resource, error)
            self._version = ""
            if self._failures == 0:
                self._failures = 1  # At once, but not over and over.
                return
        elif self._streams_lists and not self._version and isinstance(error, (Invalid, BadRequest)):
            self._streams_lists = False
            return
        else:
            log.warning("following %s: %s", self._resource.group_resource, error)
        await self._wait()

    async def _wait(self) -> None:
        """Back off, with as much jitter as there is delay, so that many clients do not come back together."""
        delay = _BACKOFF.delay(self._failures)
        self._failures += 1
        await self._clock.sleep(delay * (1.0 + self._random.random()))

    async def _read_pages(self) -> None:
        """The full list, page by page."""
        path = path_of(self._resource)
        found: dict[Key, tuple[str, T]] = {}
        query = {"limit": str(_PAGE), "fieldSelector": self._field_selector, "resourceVersion": "", "continue": ""}
        while True:
            page = _LIST.decode((await self._source.raw("GET", with_query(path, query))).body)
            for raw in page.items or ():
                key, version = _identify(raw)
                found[key] = (version, decode(self._view, bytes(raw)))
            if not page.metadata.token:
                break
            query["continue"] = page.metadata.token
        self._replace(found, page.metadata.resource_version)

    async def _watch(self, *, initial: bool) -> None:
        """Apply a watch's events until it ends; with `initial`, those that come first are the full list."""
        begun = self._clock.monotonic()
        events = 0
        found: dict[Key, tuple[str, T]] | None = {} if initial else None
        async with aclosing(self._source.watch_lines(self._resource, "", self._query(initial))) as lines:
            async for line in lines:
                events += 1
                meta = _ENVELOPE.decode(line.object).metadata
                if line.type == "BOOKMARK":
                    if found is None:
                        self._failures = 0
                        self._version = meta.resource_version
                    elif (meta.annotations or {}).get(INITIAL_EVENTS_END) == "true":
                        self._replace(found, meta.resource_version)
                        found = None
                    continue
                key = Key(meta.namespace, meta.name)
                obj = None if line.type == "DELETED" else decode(self._view, bytes(line.object))
                if found is None:
                    self._failures = 0
                    self._version = meta.resource_version
                    self._index.put(key, meta.resource_version, obj)
                elif obj is None:
                    found.pop(key, None)
                else:
                    found[key] = (meta.resource_version, obj)
        if found is not None or (not events and self._clock.monotonic() - begun < _SHORT):
            await self._wait()

    def _query(self, initial: bool) -> dict[str, str]:
        seconds = _SHORTEST_WATCH * (1.0 + self._random.random())
        query = {
            "resourceVersion": self._version,
            "fieldSelector": self._field_selector,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(seconds)),
        }
        if initial:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        return query

    def _replace(self, found: Mapping[Key, tuple[str, T]], version: str) -> None:
        self._index.replace(found)
        self._version = version
        self._failures = 0
        self._synced.set()


def _identify(raw: msgspec.Raw) -> tuple[Key, str]:
    meta = _ENVELOPE.decode(raw).metadata
    return Key(meta.namespace, meta.name), meta.resource_version
