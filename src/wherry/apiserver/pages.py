"""Lists become replies, in slices where there is work to do.

Plain JSON is the cached bytes themselves, one after the other, and costs next to nothing however long the list is.
Everything else costs microseconds per object: it is made object by object, so that a long list gives the loop back
between slices and nobody else waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.encode import encode_any, indent
from wherry.apiserver.exchange import Answer, Exchange
from wherry.apiserver.negotiate import JSON, PLAIN, PROTOBUF, YAML, Accepted, Form
from wherry.apiserver.respond import LONG_YAML, PRIVATE
from wherry.apiserver.table import check_include, partial, rows, table
from wherry.apiserver.verbs.list import Page
from wherry.transport.messages import Reply, Response
from wherry.watchcache.item import Item

_SLICES = {JSON: 100, PROTOBUF: 30, YAML: 5}
"""Objects to convert before others get their turn: a few milliseconds."""

View = Callable[[Item], Obj]
Write = Callable[[Item], bytes]
Join = Callable[[list[bytes]], list[bytes]]


class _Rendering(Struct, frozen=True):
    """How a list is written: what makes the text of an element, and what makes the whole of the elements."""

    element: Write
    join: Join


def page_reply(exchange: Exchange, page: Page) -> Answer:
    """Answer with a list, in the form that the client prefers."""
    accepted = exchange.accepted(is_list=True)
    if accepted is PLAIN:
        return Response(200, list_body(exchange.resource, page), headers=PRIVATE)
    rendering, elements = _rendering(exchange, accepted, page), iter(page.items)
    if accepted.media_type == YAML and sum(len(item.data) for item in page.items) > LONG_YAML:
        return _aside(exchange, lambda: rendering.join([rendering.element(item) for item in elements]))
    if len(page.items) > _SLICES[accepted.media_type]:
        return _sliced(rendering, elements, accepted.media_type)
    parts = rendering.join([rendering.element(item) for item in elements])
    return Response(200, parts, accepted.media_type, PRIVATE)


def list_body(resource: Resource, page: Page) -> list[bytes]:
    """The text of a list of objects, in pieces."""
    items: Iterable[bytes]
    if resource.from_storage is None:
        items = [item.data for item in page.items]
    else:
        items = [versions.present(resource, item) for item in page.items]
    return _joined(_list_head(resource, page), "items", items)


async def _aside(exchange: Exchange, write: Callable[[], list[bytes]]) -> Reply:
    return Response(200, await exchange.core.aside.run(write), YAML, PRIVATE)


async def _sliced(rendering: _Rendering, items: Iterator[Item], media_type: str) -> Reply:
    done: list[bytes] = []
    while part := [rendering.element(item) for item in islice(items, _SLICES[media_type])]:
        done += part
        await asyncio.sleep(0)
    return Response(200, rendering.join(done), media_type, PRIVATE)


def _list_head(resource: Resource, page: Page) -> Obj:
    return {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": page.metadata}


def _rendering(exchange: Exchange, accepted: Accepted, page: Page) -> _Rendering:
    resource = exchange.resource
    head, field, view = _form(exchange, accepted, page)
    if accepted.media_type == PROTOBUF:
        return _protobuf(resource, head, view)
    if accepted.media_type == YAML:
        return _yaml(head, field, view or (lambda item: versions.read(resource, item)))
    write = _text(resource, view)
    if accepted.is_pretty:
        return _Rendering(lambda item: _indented(write(item)), lambda done: _joined_prettily(head, field, done))
    return _Rendering(write, lambda done: _joined(head, field, done))


def _form(exchange: Exchange, accepted: Accepted, page: Page) -> tuple[Obj, str, View | None]:
    """(the list without its elements, the field that holds them, what makes an element of an item if it is not that).

    Protobuf has no tables; negotiation sees to that.
    """
    resource, version = exchange.resource, accepted.version
    match accepted.form:
        case Form.TABLE:
            include = check_include(exchange.query.get("includeObject", ""))
            now = exchange.core.clock.time()
            head = table(resource, [], page.metadata, now, version, include)
            del head["rows"]
            row = rows(resource, now, version, include)
            return head, "rows", lambda item: row(versions.read(resource, item))
        case Form.PARTIAL_LIST:
            kind = {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{version}"}
            head = {**kind, "metadata": page.metadata}
            return head, "items", lambda item: partial(versions.read(resource, item), version)
        case _:
            return _list_head(resource, page), "items", None


def _text(resource: Resource, view: View | None) -> Write:
    """Elements as JSON."""
    if view is None:
        return lambda item: versions.present(resource, item)
    return lambda item: encode_any(view(item))


def _protobuf(resource: Resource, head: Obj, view: View | None) -> _Rendering:
    from wherry.apiserver.protobuf.numbers import type_of
    from wherry.apiserver.protobuf.writing import envelope_parts, list_item, write_message

    api_version, kind = head["apiVersion"], head["kind"]
    list_type, item_type = type_of(api_version, kind), type_of(api_version, kind.removesuffix("List"))
    show: View = view or (lambda item: versions.read(resource, item))
    beginning = write_message(list_type, {"metadata": head["metadata"]})
    return _Rendering(
        lambda item: list_item(item_type, show(item)),
        lambda done: envelope_parts(api_version, kind, [beginning, *done]),
    )


def _yaml(head: Obj, field: str, view: View) -> _Rendering:
    """Keys are sorted, so a part of the head comes after the elements."""
    from wherry.apiserver.yamltext import format_item, format_yaml

    before = format_yaml({key: value for key, value in head.items() if key < field})
    after = format_yaml({key: value for key, value in head.items() if key > field})

    def join(done: list[bytes]) -> list[bytes]:
        listed = [b"%b:\n" % field.encode(), *done] if done else [b"%b: []\n" % field.encode()]
        return [before, *listed, after]

    return _Rendering(lambda item: format_item(view(item)), join)


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


def _indented(data: bytes) -> bytes:
    """An element as it stands in a list for a person's eyes; a line end in JSON text is never part of a string."""
    return b"\n    " + indent(data).replace(b"\n", b"\n    ")


def _joined_prettily(head: Obj, field: str, elements: list[bytes]) -> list[bytes]:
    """The same for a person's eyes."""
    parts = [b'%b,\n  "%b": [' % (indent(encode_any(head)).removesuffix(b"\n}"), field.encode())]
    for element in elements:
        parts += (element, b",")
    if elements:
        parts[-1] = b"\n  "
    parts.append(b"]\n}\n")
    return parts
