"""A body in Kubernetes' protobuf form becomes the plain object that the same body in JSON would have become.

Four magic bytes, then an envelope (apiVersion, kind, the message), then the message. For each type a table of functions
by field number is made when it is first read. Go sends the zeros of all fields that are no pointers, so a zero is taken
over only where it was meant or where JSON would show it. A field that is not known is passed over, as upstream does.
"""

from __future__ import annotations

import base64
import json
import struct as packing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from wherry.api import Obj
from wherry.apiserver.protobuf.numbers import Field, Layout, Unknown, layout, type_of
from wherry.apiserver.protobuf.wire import Value, fields, signed

MAGIC = b"k8s\x00"

Read = Callable[[Value], Any]
Fill = Callable[[Obj, Value], None]
Table = Mapping[int, Fill]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON_SCHEMA = "apiextensions.v1.JSONSchemaProps"


class Unreadable(ValueError):
    """The body is not in Kubernetes' protobuf form, or of a kind that is not known here."""


def read(body: bytes) -> Obj:
    """The object in a request body; raises Unreadable."""
    if not body.startswith(MAGIC):
        raise Unreadable("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(fields(body[len(MAGIC) :]))
        meta = dict(fields(_bytes(envelope.get(1, b""))))
        api_version, kind = (_bytes(meta.get(number, b"")).decode() for number in (1, 2))
        if envelope.get(4) == b"application/json":
            return _from_json(_bytes(envelope.get(2, b"")))
        type_name = type_of(api_version, kind)
        if not type_name:
            raise Unreadable(f'no kind "{kind}" is registered for version "{api_version}" in scheme')
        obj: Obj = {"apiVersion": api_version, "kind": kind}
        _fill(obj, _table(type_name), _bytes(envelope.get(2, b"")))
    except (ValueError, TypeError, OverflowError, Unknown) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(str(error)) from error
    except RecursionError:
        raise Unreadable("exceeded max depth") from None
    return obj


def read_message(type_name: str, data: bytes) -> Obj:
    """A message without an envelope; raises ValueError, TypeError, OverflowError or Unknown."""
    obj: Obj = {}
    _fill(obj, _table(type_name), data)
    return obj


def _from_json(data: bytes) -> Obj:
    value = json.loads(data)
    if not isinstance(value, dict):
        raise Unreadable("the message is no object")
    return value


def _fill(obj: Obj, table: Table, data: bytes) -> None:
    for number, value in fields(data):
        fill = table.get(number)
        if fill is not None:
            fill(obj, value)


@cache
def _table(type_name: str) -> Table:
    return _of_layout(layout(type_name))


def _of_layout(shape: Layout) -> Table:
    table = {field.number: _filler(field) for field in shape.fields}
    for number, inner in shape.embedded.items():
        table[number] = _embedded(_of_layout(inner))
    return table


def _embedded(table: Table) -> Fill:
    return lambda obj, value: _fill(obj, table, _bytes(value))


def _filler(field: Field) -> Fill:
    """What sets, appends to or inserts into one field."""
    name, first = field.name, field.type[0]
    if first == "[":
        read_item = _reader(field.type[1:])

        def append(obj: Obj, value: Value) -> None:
            obj.setdefault(name, []).append(read_item(value))

        return append
    if first == "{":
        read_entry = _entry_reader(field.type[1:])

        def insert(obj: Obj, value: Value) -> None:
            entry = dict(fields(_bytes(value)))
            obj.setdefault(name, {})[_bytes(entry.get(1, b"")).decode()] = read_entry(entry.get(2))

        return insert
    read_value = _reader(field.type)
    shows_zero = field.is_pointer or field.is_kept

    def set_field(obj: Obj, value: Value) -> None:
        found = read_value(value)
        if found is not None and (shows_zero or found or isinstance(found, dict)):
            obj[name] = found

    return set_field


def _entry_reader(type: str) -> Callable[[Value | None], Any]:
    """The value of a map's entry; a list in a map is a message of its own."""
    if type[0] == "[":
        read_item = _reader(type[1:])
        return lambda value: [read_item(item) for _, item in fields(_bytes(value or b""))]
    read_value = _reader(type)
    zero: Value = 0 if type in "ilb" else b""
    return lambda value: read_value(zero if value is None else value)


def _reader(type: str) -> Read:
    """What makes JSON of a single value."""
    if type[0] != "@":
        return _READERS[type]
    name = type[1:]

    def read_nested(value: Value) -> Obj:
        obj: Obj = {}
        _fill(obj, _table(name), _bytes(value))
        return obj

    return read_nested


def _text(value: Value) -> str:
    return _bytes(value).decode()


def _integer(value: Value) -> int:
    return signed(_int(value))


def _truth(value: Value) -> bool:
    return bool(_int(value))


def _double(value: Value) -> float:
    try:
        number: float = packing.unpack("<d", _bytes(value))[0]
    except packing.error as error:
        raise Unreadable(str(error)) from error
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else number


def _base64(value: Value) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _quantity(value: Value) -> str:
    return _bytes(dict(fields(_bytes(value))).get(1, b"")).decode()


def _time(value: Value) -> str | None:
    parts = dict(fields(_bytes(value)))
    if not parts:
        return None
    moment = _EPOCH + timedelta(seconds=signed(_int(parts.get(1, 0))))
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _micro_time(value: Value) -> str | None:
    parts = dict(fields(_bytes(value)))
    if not parts:
        return None
    moment = _EPOCH + timedelta(
        seconds=signed(_int(parts.get(1, 0))), microseconds=signed(_int(parts.get(2, 0))) // 1000
    )
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _int_or_string(value: Value) -> int | str:
    parts = dict(fields(_bytes(value)))
    if parts.get(1, 0):
        return _bytes(parts.get(3, b"")).decode()
    return signed(_int(parts.get(2, 0)))


def _raw(value: Value) -> Any:
    """JSON in a message of one field."""
    content = _bytes(dict(fields(_bytes(value))).get(1, b""))
    return json.loads(content) if content else None


def _schema_or_list(value: Value) -> Any:
    parts = list(fields(_bytes(value)))
    single = [_bytes(part) for number, part in parts if number == 1]
    if single:
        return read_message(_JSON_SCHEMA, single[-1])
    return [read_message(_JSON_SCHEMA, _bytes(part)) for number, part in parts if number == 2]


def _schema_or_bool(value: Value) -> Any:
    parts = dict(fields(_bytes(value)))
    return read_message(_JSON_SCHEMA, _bytes(parts[2])) if 2 in parts else bool(_int(parts.get(1, 0)))


def _schema_or_strings(value: Value) -> Any:
    parts = list(fields(_bytes(value)))
    single = [_bytes(part) for number, part in parts if number == 1]
    if single:
        return read_message(_JSON_SCHEMA, single[-1])
    return [_bytes(part).decode() for number, part in parts if number == 2]


_READERS: Mapping[str, Read] = {
    "s": _text,
    "i": _integer,
    "l": _integer,
    "b": _truth,
    "d": _double,
    "y": _base64,
    "q": _quantity,
    "t": _time,
    "u": _micro_time,
    "x": _int_or_string,
    "o": _raw,
    "f": _raw,
    "j": _raw,
    "A": _schema_or_list,
    "B": _schema_or_bool,
    "S": _schema_or_strings,
}


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    raise Unreadable("wrong wireType")


def _int(value: Value) -> int:
    if isinstance(value, int):
        return value
    raise Unreadable("wrong wireType")
