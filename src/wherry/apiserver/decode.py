"""Request bodies become objects, with upstream's messages for what can not become one.

JSON decoders keep the last of two equal keys in silence, but Kubernetes must report them. Finding them exactly is slow,
so a cheap comparison comes first: if the body has as many `":` as its decoded form encoded again, no key was lost. Only
bodies that differ (rare spellings, or real duplicates) are read a second time by a decoder that watches keys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.errors import BadRequest, RequestEntityTooLarge
from wherry.apiserver import negotiate
from wherry.apiserver.encode import DecodeError, decode, encode_any
from wherry.apiserver.negotiate import body_type

MAX_BODY = 3 << 20
_COLON = b'":'


def read_body(body: bytes, content_type: str, kind: str) -> Obj:
    """The object in a request body; `kind` is what it must be, for the message."""
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge(f"Request entity too large: limit is {MAX_BODY}")
    match body_type(content_type):
        case negotiate.JSON:
            return _object(_read_json(body, kind), body, kind)
        case negotiate.PROTOBUF:
            return _read_protobuf(body, kind)
        case _:
            return _object(read_yaml(body, kind), body, kind)


def read_options(body: bytes, content_type: str) -> Obj | None:
    """DeleteOptions, which may be missing."""
    if not body:
        return None
    return read_body(body, content_type, "DeleteOptions")


def read_yaml(body: bytes, kind: str) -> Any:
    from wherry.apiserver.yamltext import YamlError, parse_yaml

    try:
        return parse_yaml(body)
    except YamlError as error:
        raise unrecognized(kind, f"error converting YAML to JSON: {error}", body) from error


def _read_protobuf(body: bytes, kind: str) -> Obj:
    from wherry.apiserver.protobuf.reading import Unreadable, read

    try:
        return read(body)
    except Unreadable as error:
        raise unrecognized(kind, str(error), body) from error


def find_duplicates(body: bytes, obj: Any) -> Sequence[str]:
    """What to say of the keys that stand twice in one map of a JSON body."""
    if body.count(_COLON) == encode_any(obj).count(_COLON):
        return ()
    try:
        tree = json.loads(body, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return ()
    found: list[str] = []
    _collect(tree, "", found)
    return [f'duplicate field "{path}"' for path in found]


def in_order_of(body: bytes, texts: list[str]) -> list[str]:
    """What is said of unknown and repeated fields, in the order in which a JSON body brings them.

    Of YAML upstream makes JSON first, with keys in order.
    """
    try:
        tree = json.loads(body, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return sorted(texts, key=lambda text: text if text.startswith("unknown ") else "")
    places: dict[str, int] = {}
    _place(tree, "", places)
    return sorted(texts, key=lambda text: places.get(text, len(places)))


def find_yaml_duplicates(body: bytes, together: bool) -> Sequence[str]:
    """What to say of the keys that stand twice in one map of a YAML body: all in one text, as for an error, or each."""
    from wherry.apiserver.yamltext import repeated_keys

    lines = [f'line {line}: key "{key}" already set in map' for line, key in repeated_keys(body)]
    return ["\n  ".join(["yaml: unmarshal errors:", *lines])] if lines and together else lines


def unrecognized(kind: str, why: str, body: bytes) -> BadRequest:
    return BadRequest(f"the object provided is unrecognized (must be of type {kind}): {why} ({_summary(body)})")


def _read_json(body: bytes, kind: str) -> Any:
    try:
        try:
            return decode(body)
        except UnicodeDecodeError:
            return decode(body.decode(errors="replace").encode())  # As Go's decoder does.
    except (DecodeError, RecursionError) as error:
        why = "unexpected end of JSON input" if not body.strip() else str(error)
        raise unrecognized(kind, f"couldn't get version/kind; json parse error: {why}", body) from error


def _object(value: Any, body: bytes, kind: str) -> Obj:
    if isinstance(value, dict):
        for name in ("apiVersion", "kind"):
            if not isinstance(value.get(name) or "", str):
                why = f"json: cannot unmarshal {_go_type(value[name])} into Go struct field .{name} of type string"
                raise unrecognized(kind, f"couldn't get version/kind; json parse error: {why}", body)
        return value
    why = f"json: cannot unmarshal {_go_type(value)} into Go value of type struct"
    raise unrecognized(kind, f"couldn't get version/kind; json parse error: {why}", body)


def _go_type(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case None:
            return "null"
        case _:
            return "object"


def _summary(body: bytes) -> str:
    """The beginning of a body: as text if it looks like JSON, else in hexadecimal."""
    if not body:
        return "<empty>"
    head, more = body[:30], " ..." if len(body) > 30 else ""
    return (head.decode(errors="replace") if body[:1] == b"{" else head.hex()) + more


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as written, duplicates included."""


def _collect(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, member in value:
            inner = f"{path}.{name}" if path else name
            if name in seen:
                found.append(inner)
            seen.add(name)
            _collect(member, inner, found)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _collect(member, f"{path}[{index}]", found)


def _place(value: Any, path: str, places: dict[str, int]) -> None:
    """Number all that could be said of the fields below `path`."""
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, member in value:
            inner = f"{path}.{name}" if path else name
            what = "duplicate" if name in seen else "unknown"
            places.setdefault(f'{what} field "{inner}"', len(places))
            seen.add(name)
            _place(member, inner, places)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _place(member, f"{path}[{index}]", places)
