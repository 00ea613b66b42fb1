"""Lists become replies, in slices where there is work to do.

Plain JSON is the cached bytes themselves, one after the other, and costs next to nothing however long the list is.
Tables, metadata lists and compression cost microseconds per object; a long list of those gives the loop back between
slices, so that nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.encode import decode, encode_any
from wherry.apiserver.exchange import Answer, Exchange
from wherry.apiserver.negotiate import PLAIN, YAML, Accepted, Form, negotiate
from wherry.apiserver.table import check_include, partial, rows, table
from wherry.apiserver.verbs.list import Page
from wherry.transport.messages import Reply, Response
from wherry.watchcache.item import Item

_PRIVATE = (("Cache-Control", "no-cache, private"),)
_COMPRESSED = (*_PRIVATE, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
_SLICE = 100
"""Objects to convert before others get their turn: a few milliseconds."""
_LEAST_COMPRESSED = 128 << 10
"""Upstream's: shorter answers are not worth the work."""
_COMPRESSION_SLICE = 256 << 10
_GZIP_WINDOW = 31


def page_reply(exchange: Exchange, page: Page) -> Answer:
    """Answer with a list, in the form that the client prefers."""
    accepted = negotiate(exchange.accept, is_list=True)
    compress = "gzip" in exchange.request.headers.get("accept-encoding", "")
    if accepted is PLAIN:
        parts = list_body(exchange.resource, page)
        if compress and sum(map(len, parts)) > _LEAST_COMPRESSED:
            return _compressed(parts)
        return Response(200, parts, headers=_PRIVATE)
    head, field, convert = _form(exchange, accepted, page)
    if len(page.items) > _SLICE:
        return _sliced(accepted, head, field, map(convert, page.items), compress)
    return _encoded(accepted, _joined(head, field, map(convert, page.items)))


def list_body(resource: Resource, page: Page) -> list[bytes]:
    """A list's JSON, made of the cached bytes themselves."""
    if resource.from_storage is None:
        return _joined(_list_head(resource, page), "items", (item.data for item in page.items))
    return _joined(_list_head(resource, page), "items", (versions.present(resource, item) for item in page.items))


def _list_head(resource: Resource, page: Page) -> Obj:
    return {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": page.metadata}


def _form(exchange: Exchange, accepted: Accepted, page: Page) -> tuple[Obj, str, Callable[[Item], bytes]]:
    """(the list without its elements, the field that holds them, what makes an element of an item)."""
    resource, version = exchange.resource, accepted.version
    match accepted.form:
        case Form.TABLE:
            include = check_include(exchange.query.get("includeObject", ""))
            now = exchange.core.clock.time()
            head = table(resource, [], page.metadata, now, version, include)
            del head["rows"]
            row = rows(resource, now, version, include)
            return head, "rows", lambda item: encode_any(row(versions.read(resource, item)))
        case Form.PARTIAL_LIST:
            kind = {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{version}"}
            head = {**kind, "metadata": page.metadata}
            return head, "items", lambda item: encode_any(partial(versions.read(resource, item), version))
        case _:
            return _list_head(resource, page), "items", lambda item: versions.present(resource, item)


async def _sliced(accepted: Accepted, head: Obj, field: str, elements: Iterator[bytes], compress: bool) -> Reply:
    done: list[bytes] = []
    while part := list(islice(elements, _SLICE)):
        done += part
        await asyncio.sleep(0)
    parts = _joined(head, field, done)
    if compress and accepted.media_type != YAML and sum(map(len, parts)) > _LEAST_COMPRESSED:
        return await _compressed(parts)
    return _encoded(accepted, parts)


async def _compressed(parts: list[bytes]) -> Reply:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW)
    packed: list[bytes] = []
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _COMPRESSION_SLICE:
            packed.append(packer.compress(b"".join(waiting)))
            waiting, size = [], 0
            await asyncio.sleep(0)
    packed += (packer.compress(b"".join(waiting)), packer.flush())
    return Response(200, packed, headers=_COMPRESSED)


def _encoded(accepted: Accepted, parts: list[bytes]) -> Response:
    if accepted.media_type != YAML:
        return Response(200, parts, headers=_PRIVATE)
    from wherry.apiserver.yamltext import format_yaml

    return Response(200, format_yaml(decode(b"".join(parts))), YAML, _PRIVATE)


def _joined(head: Obj, field: str, elements: Iterable[bytes]) -> list[bytes]:
    """The list's text in pieces: its head, the elements with commas between, its end."""
    parts = [b'%b,"%b":[' % (encode_any(head)[:-1], field.encode())]
    for element in elements:
        parts.append(element)
        parts.append(b",")
    if len(parts) > 1:
        parts.pop()
    parts.append(b"]}\n")
    return parts
