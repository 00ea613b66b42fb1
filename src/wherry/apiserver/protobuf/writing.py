"""Plain objects in Kubernetes' protobuf form: what typed Go clients ask for by default.

For each type a table of functions by field name is made when it is first written; a message is then one look-up per
field that is there. Fields go out in the order of their numbers and maps in the order of their keys, so that equal
objects are equal bytes. What is absent is left out, although Go would send the zeros of what is no pointer: a reader
cannot tell the difference.
"""

from __future__ import annotations

import base64
import struct as packing
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from wherry.api import Obj
from wherry.apiserver.encode import decode, encode_any
from wherry.apiserver.protobuf.numbers import Field, Layout, layout, type_of
from wherry.apiserver.protobuf.reading import MAGIC
from wherry.apiserver.protobuf.wire import (
    BYTES,
    FIXED64,
    VARINT,
    format_varint,
    message,
    prefixed,
    tag,
    text,
)

Write = Callable[[Any], bytes]
"""Makes the content of a value, without its tag."""
Part = tuple[int, bytes]

_JSON_SCHEMA = "apiextensions.v1.JSONSchemaProps"
_RAW, _ITEMS = 2, 2
_SMALL = 32 << 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_by_number = itemgetter(0)


def envelope(api_version: str, kind: str, content: bytes) -> bytes:
    """A whole answer: the four magic bytes, what it is, and the message."""
    return b"".join(envelope_parts(api_version, kind, [content]))


def envelope_parts(api_version: str, kind: str, content: Iterable[bytes]) -> list[bytes]:
    """The same for a message that comes in pieces, which are not joined."""
    pieces = list(content)
    size = sum(map(len, pieces))
    head = MAGIC + message(1, text(1, api_version) + text(2, kind)) + tag(_RAW) + format_varint(size)
    return [head, *pieces]


def write(obj: Obj, type_name: str) -> bytes:
    """An object with its envelope."""
    return envelope(obj.get("apiVersion") or "v1", obj["kind"], write_message(type_name, obj))


def write_message(type_name: str, obj: Obj) -> bytes:
    """An object as a message; raises `numbers.Unknown` for a type without numbers."""
    return _writer(type_name)(obj)


def list_item(type_name: str, obj: Obj) -> bytes:
    """One element of a list, ready to stand in the list's message."""
    return message(_ITEMS, _writer(type_name)(obj))


def write_any(obj: Obj) -> bytes:
    """An object of any kind that has this form; raises `numbers.Unknown`."""
    return write(obj, type_of(obj.get("apiVersion") or "v1", obj["kind"]))


def write_bytes(data: bytes, type_name: str) -> bytes:
    """An encoded JSON object with its envelope. The last small ones are remembered: many watch the same."""
    return _remembered(data, type_name) if len(data) <= _SMALL else write(decode(data), type_name)


@lru_cache(maxsize=256)
def _remembered(data: bytes, type_name: str) -> bytes:
    return write(decode(data), type_name)


def watch_event(type: str, enveloped: bytes) -> bytes:
    """An event of a watch; its object has its own envelope, the event has none."""
    return text(1, type) + message(2, message(1, enveloped))


def framed(event: bytes) -> bytes:
    """An event behind its length in four bytes, as it stands in a stream."""
    return len(event).to_bytes(4, "big") + event


@cache
def _writer(type_name: str) -> Write:
    return _of_layout(layout(type_name))


def _of_layout(shape: Layout) -> Write:
    writers = {field.name: (field.number, _field_writer(field)) for field in shape.fields}
    embedded = [(number, _of_layout(inner), _names(inner)) for number, inner in shape.embedded.items()]

    def parts_of(obj: Obj) -> list[Part]:
        parts: list[Part] = []
        for name, value in obj.items():
            known = writers.get(name)
            if known is not None and value is not None:
                parts.append((known[0], known[1](value)))
        for number, write_inner, names in embedded:
            inner = {name: value for name, value in obj.items() if name in names}
            if inner:
                parts.append((number, message(number, write_inner(inner))))
        parts.sort(key=_by_number)
        return parts

    return lambda obj: b"".join([part for _, part in parts_of(obj)])


def _names(shape: Layout) -> frozenset[str]:
    inner = (_names(each) for each in shape.embedded.values())
    return frozenset({field.name for field in shape.fields}).union(*inner)


def _field_writer(field: Field) -> Write:
    """Writes a field with its tags, however often it stands there."""
    first = field.type[0]
    if first == "[":
        return _repeated(field.number, field.type[1:])
    if first == "{":
        return _entries(field.number, field.type[1:])
    return _single(field.number, field.type)


def _single(number: int, type: str) -> Write:
    """Writes one value with its tag."""
    if type == "s":
        return _text_field(number)
    if type in "il":
        integer_head = tag(number, VARINT)
        return lambda value: integer_head + format_varint(value)
    if type == "b":
        truths = (tag(number, VARINT) + b"\x00", tag(number, VARINT) + b"\x01")
        return lambda value: truths[1 if value else 0]
    if type == "d":
        double_head = tag(number, FIXED64)
        return lambda value: double_head + packing.pack("<d", value)
    head = tag(number, BYTES)
    if type[0] == "@":
        name = type[1:]
        writer: list[Write] = []  # found when first used: types may contain themselves

        def write_nested(value: Obj) -> bytes:
            if not writer:
                writer.append(_writer(name))
            content = writer[0](value)
            return head + format_varint(len(content)) + content

        return write_nested
    content_of = _CONTENTS[type]

    def write_content(value: Any) -> bytes:
        content = content_of(value)
        return head + format_varint(len(content)) + content

    return write_content


def _text_field(number: int) -> Write:
    head = tag(number)

    def write_text(value: str) -> bytes:
        content = value.encode()
        return head + format_varint(len(content)) + content

    return write_text


def _repeated(number: int, type: str) -> Write:
    write_item, zero = _single(number, type), _zero(type)
    return lambda items: b"".join([write_item(zero if item is None else item) for item in items])


def _entries(number: int, type: str) -> Write:
    write_key, head = _text_field(1), tag(number)
    zero: Any = [] if type[0] == "[" else _zero(type)
    write_value = _list_in_map(type[1:]) if type[0] == "[" else _single(2, type)

    def write_entries(entries: Mapping[str, Any]) -> bytes:
        parts = []
        for key in sorted(entries):
            value = entries[key]
            parts.append(head + prefixed(write_key(key) + write_value(zero if value is None else value)))
        return b"".join(parts)

    return write_entries


def _list_in_map(type: str) -> Write:
    """A list in a map is a message of its own."""
    write_items = _repeated(1, type)
    return lambda items: message(2, write_items(items))


def _zero(type: str) -> Any:
    if type[0] == "@":
        return {}
    return {"s": "", "y": "", "q": "0"}.get(type, 0)


@lru_cache(maxsize=4096)
def _time(value: str) -> bytes:
    since = datetime.fromisoformat(value) - _EPOCH
    return _moment(since.days * 86_400 + since.seconds, since.microseconds * 1000)


def _moment(seconds: int, nanos: int) -> bytes:
    return tag(1, VARINT) + format_varint(seconds) + tag(2, VARINT) + format_varint(nanos)


def _int_or_string(value: int | str) -> bytes:
    if isinstance(value, str):
        return tag(1, VARINT) + b"\x01" + tag(2, VARINT) + b"\x00" + message(3, value.encode())
    return tag(1, VARINT) + b"\x00" + tag(2, VARINT) + format_varint(value) + message(3, b"")


def _raw(value: Any) -> bytes:
    return message(1, encode_any(value))


def _schema_or_list(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(message(2, write_message(_JSON_SCHEMA, item)) for item in value)
    return message(1, write_message(_JSON_SCHEMA, value))


def _schema_or_bool(value: Any) -> bytes:
    if isinstance(value, dict):
        return tag(1, VARINT) + b"\x01" + message(2, write_message(_JSON_SCHEMA, value))
    return tag(1, VARINT) + (b"\x01" if value else b"\x00")


def _schema_or_strings(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(message(2, item.encode()) for item in value)
    return message(1, write_message(_JSON_SCHEMA, value))


_CONTENTS: Mapping[str, Write] = {
    "y": base64.b64decode,
    "q": lambda value: message(1, value.encode()),
    "t": _time,
    "u": _time,
    "x": _int_or_string,
    "o": _raw,
    "f": _raw,
    "j": _raw,
    "A": _schema_or_list,
    "B": _schema_or_bool,
    "S": _schema_or_strings,
}
