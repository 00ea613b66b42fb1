"""Answers with OpenAPI documents: conditional requests, caching by hash, and no holding up of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qs

from wherry.api.errors import MethodNotAllowed
from wherry.api.registry import Registry
from wherry.apiserver.attributes import User
from wherry.apiserver.compressing import accepts_gzip, member
from wherry.apiserver.openapi.documents import JSON, PROTOBUF_V2_ASKED, Document, OpenAPI
from wherry.apiserver.openapi.paths import V3
from wherry.transport.messages import Request, Response

_LEAST_PACKED = 1400
"""What fits into a packet is sent as it is."""
_MOST_KEPT = 1 << 20
FOR_EVER = "public, immutable, max-age=31536000"
"""An address with a hash in it always means the same document."""


class OpenAPIPaths:
    """Serves the documents of what a registry holds at the time of each request."""

    __slots__ = ("_openapi", "_registry", "_revision")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._revision = -1
        self._openapi = OpenAPI(())

    async def v2(self, request: Request, _: User) -> Response:
        """Everything in one document; made in a thread, since it takes a tenth of a second the first time."""
        _only_get(request)
        if not _accepts(request, (JSON, *PROTOBUF_V2_ASKED)):
            return _NOT_ACCEPTABLE
        document = await asyncio.to_thread(self._current().v2, request.headers.get("accept", ""))
        return await _reply(request, document, "no-cache")

    async def v3(self, request: Request, _: User) -> Response:
        """The index, or the document of one group and version; made in a thread, like the other.

        A thousand definitions have hashes that take tens of milliseconds.
        """
        _only_get(request)
        current, name = self._current(), request.path.removeprefix(V3).strip("/")
        if not name:
            return await _reply(request, await asyncio.to_thread(current.v3_index), "no-cache")
        asked = parse_qs(request.query).get("hash", [""])[0]
        wanted = current.hash(name)
        if asked and wanted and asked != wanted:
            return Response(301, b"", "text/plain", (("Location", f"{V3}/{name}?hash={wanted}"),))
        if wanted and not _accepts(request, (JSON,)):
            return _NOT_ACCEPTABLE
        document = await asyncio.to_thread(current.v3, name)
        return await _reply(request, document, FOR_EVER if asked else "no-cache")

    def _current(self) -> OpenAPI:
        if self._revision != self._registry.revision:
            self._revision = self._registry.revision
            self._openapi = self._openapi.updated(self._registry)
        return self._openapi


async def _reply(request: Request, document: Document, caching: str) -> Response:
    headers = (("ETag", document.etag), ("Vary", "Accept"), ("Cache-Control", caching))
    if request.headers.get("if-none-match") == document.etag:
        return Response(304, b"", document.content_type, headers)
    if len(document.data) < _LEAST_PACKED or not accepts_gzip(request.headers):
        return Response(200, document.data, document.content_type, headers)
    pack = _packed if len(document.data) < _MOST_KEPT else member
    packed = await asyncio.to_thread(pack, document.data)
    packing = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    return Response(200, packed, document.content_type, headers + packing)


_packed = lru_cache(32)(member)
"""Documents of groups are few, change rarely and shrink to a tenth."""


_NOT_ACCEPTABLE = Response(406, b"", "text/plain", (("Vary", "Accept"),))


def _accepts(request: Request, offered: Iterable[str]) -> bool:
    asked = (clause.partition(";")[0].strip() for clause in request.headers.get("accept", "*/*").split(","))
    return not {*offered, "*/*", "application/*"}.isdisjoint(asked)


def _only_get(request: Request) -> None:
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed("the server does not allow this method on the requested resource", {})
