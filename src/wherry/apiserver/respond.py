"""Objects and errors become replies in the form that was negotiated.

The common case costs nothing: JSON of the object itself is sent as the cached bytes. Lists have a file of their own,
`pages.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import decode, encode_any
from wherry.apiserver.exchange import Exchange
from wherry.apiserver.negotiate import PLAIN, YAML, Accepted, Form, negotiate, negotiate_plain
from wherry.apiserver.table import check_include, partial, table
from wherry.transport.messages import Response
from wherry.watchcache.item import Item

Headers = tuple[tuple[str, str], ...]
_PRIVATE: Headers = (("Cache-Control", "no-cache, private"),)


def item_reply(exchange: Exchange, item: Item) -> Response:
    """One stored object."""
    accepted = negotiate(exchange.accept)
    if accepted is PLAIN:
        return Response(200, versions.present(exchange.resource, item), headers=_PRIVATE)
    return _converted(exchange, accepted, versions.read(exchange.resource, item), 200, _PRIVATE)


def outcome_reply(exchange: Exchange, outcome: Outcome, call: Call | None = None) -> Response:
    """What a write answers, with its warnings."""
    headers = _PRIVATE if call is None or not call.warnings else _PRIVATE + warning_headers(call.warnings)
    accepted = negotiate(exchange.accept)
    if accepted is PLAIN:
        return Response(outcome.code, outcome.data, headers=headers)
    return _converted(exchange, accepted, outcome.decoded(), outcome.code, headers)


def value_reply(value: Obj, accept: str, code: int = 200, headers: Headers = ()) -> Response:
    """A document that has one form: discovery, versions, statuses."""
    return _encoded(value, negotiate_plain(accept), code, headers)


def error_reply(error: ApiError, accept: str = "") -> Response:
    headers: Headers = _PRIVATE
    if seconds := (error.details or {}).get("retryAfterSeconds"):
        headers += (("Retry-After", str(seconds)),)
    return _encoded(error.status, negotiate_plain(accept), error.http_code, headers)


def warning_headers(warnings: Sequence[str]) -> Headers:
    return tuple(("Warning", f'299 - "{_escape(text)}"') for text in warnings)


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
    if accepted.media_type != YAML:
        return Response(code, encode_any(value), headers=headers)
    from wherry.apiserver.yamltext import format_yaml

    return Response(code, format_yaml(decode(encode_any(value))), YAML, headers)


def _escape(text: str) -> str:
    return "".join(c for c in text.replace("\\", "\\\\").replace('"', '\\"') if c.isprintable())
