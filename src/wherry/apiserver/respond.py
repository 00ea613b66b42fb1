"""Objects and errors become replies in the form that was negotiated.

The common case costs nothing: JSON of the object itself is sent as the cached bytes. Lists have a file of their own,
`pages.py`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Sequence

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import decode, encode_any, indent
from wherry.apiserver.exchange import Answer, Exchange, settled
from wherry.apiserver.negotiate import (
    PLAIN,
    PROTOBUF,
    YAML,
    Accepted,
    Form,
    is_for_people,
    negotiate_plain,
    prettier,
)
from wherry.apiserver.options import parse_query
from wherry.apiserver.table import check_include, partial, table
from wherry.transport.messages import Reply, Request, Response, Stream, Takeover
from wherry.watchcache.item import Item

Headers = tuple[tuple[str, str], ...]
_MOST_WARNING = 4096
_MOST_SHORTENED = 256
"""Characters of all warnings, and of each when all are more than that."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONG_YAML = 32 * 1024
"""Bytes of JSON that take ten milliseconds to be written as YAML."""
PRIVATE: Headers = (("Cache-Control", "no-cache, private"),)
"""What nobody may keep: all answers but those that are told from others by a hash."""


def item_reply(exchange: Exchange, item: Item) -> Answer:
    """One stored object."""
    accepted = exchange.accepted()
    if accepted is PLAIN:
        return Response(200, versions.present(exchange.resource, item), headers=PRIVATE)
    convert = functools.partial(_converted, exchange, accepted, versions.read(exchange.resource, item), 200, PRIVATE)
    if accepted.media_type == YAML and len(item.data) > LONG_YAML:
        return exchange.core.aside.run(convert)
    return convert()


async def outcome_reply(exchange: Exchange, outcome: Outcome, call: Call | None = None) -> Response:
    """What a write answers, with its warnings."""
    headers = PRIVATE if call is None or not call.warnings else PRIVATE + warning_headers(call.warnings)
    accepted = exchange.accepted()
    if accepted is PLAIN:
        return Response(outcome.code, outcome.data, headers=headers)
    is_long = accepted.media_type == YAML and len(outcome.data) > LONG_YAML
    convert = functools.partial(_converted, exchange, accepted, outcome.decoded(), outcome.code, headers)
    return await exchange.core.aside.run(convert) if is_long else convert()


def value_reply(value: Obj, request: Request, code: int = 200, headers: Headers = PRIVATE) -> Response:
    """A document that has one form: discovery, versions, statuses."""
    return _encoded(value, plainly(request), code, headers)


def error_reply(error: ApiError, request: Request | None = None) -> Response:
    headers: Headers = PRIVATE
    if seconds := (error.details or {}).get("retryAfterSeconds"):
        headers += (("Retry-After", str(seconds)),)
    return _encoded(error.status, PLAIN if request is None else plainly(request), error.http_code, headers)


def plainly(request: Request) -> Accepted:
    """How a document that has one form is sent."""
    accepted = negotiate_plain(request.headers.get("accept", ""))
    pretty = parse_query(request.query).get("pretty") if "pretty" in request.query else None
    return prettier(accepted) if is_for_people(request.headers, pretty) else accepted


def warning_headers(warnings: Sequence[str]) -> Headers:
    """Warnings as headers: shortened when they are many, and at some length no more of them, as upstream has it."""
    if sum(map(len, warnings)) > _MOST_WARNING:
        warnings = [text[:_MOST_SHORTENED] for text in warnings]
    headers: list[tuple[str, str]] = []
    written = 0
    for text in warnings:
        if written >= _MOST_WARNING:
            break
        if not _CONTROL.search(text):
            written += len(text)
            headers.append(("Warning", f'299 - "{_escape(text)}"'))
    return tuple(headers)


def warned(answer: Answer, text: str) -> Answer:
    """The same answer with one more warning, before all others."""
    if isinstance(answer, Takeover):
        return answer
    if not isinstance(answer, (Response, Stream)):
        return _warned_later(answer, text)
    header = warning_headers((text,))
    answer.headers = header + tuple(each for each in answer.headers if each not in header)
    return answer


async def _warned_later(answer: Awaitable[Reply], text: str) -> Reply:
    return await settled(warned(await answer, text))


def _converted(exchange: Exchange, accepted: Accepted, obj: Obj, code: int, headers: Headers) -> Response:
    if obj.get("kind") == "Status" or accepted.form is Form.OBJECT:
        return _encoded(obj, accepted, code, headers)
    if accepted.form is Form.TABLE:
        include = check_include(exchange.query.get("includeObject", ""))
        meta: Obj = {"resourceVersion": (obj.get("metadata") or {}).get("resourceVersion", "")}
        resource = _kind_of(exchange.core, exchange.resource, obj)
        objects = obj["items"] if obj.get("kind") == resource.list_kind else [obj]
        obj = table(resource, objects, meta, exchange.core.clock.time(), accepted.version, include)
    else:
        obj = partial(obj, accepted.version)
    return _encoded(obj, accepted, code, headers)


def _kind_of(core: Core, resource: Resource, obj: Obj) -> Resource:
    """The kind of an answer, which for a subresource may be another than the path's."""
    if obj.get("kind") == resource.kind:
        return resource
    return core.registry.by_kind(obj.get("apiVersion") or "", obj.get("kind") or "") or resource


def _encoded(value: Obj, accepted: Accepted, code: int, headers: Headers) -> Response:
    if accepted.media_type == PROTOBUF:
        from wherry.apiserver.protobuf.numbers import type_of
        from wherry.apiserver.protobuf.writing import write

        if type_name := type_of(value.get("apiVersion") or "v1", value.get("kind") or ""):
            return Response(code, write(value, type_name), PROTOBUF, headers)
    elif accepted.media_type == YAML:
        from wherry.apiserver.yamltext import format_yaml

        return Response(code, format_yaml(decode(encode_any(value))), YAML, headers)
    return Response(code, indent(encode_any(value)) if accepted.is_pretty else encode_any(value), headers=headers)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
