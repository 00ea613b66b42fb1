"""Protobuf's wire format: a message is a sequence of (field number, value)."""

from __future__ import annotations

from collections.abc import Iterator

Value = int | bytes

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MASK = 0xFFFF_FFFF_FFFF_FFFF


class Malformed(ValueError):
    """The bytes are no protobuf message."""


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Each field in turn: a varint as an unsigned number, everything else as bytes."""
    at, end = 0, len(data)
    while at < end:
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = varint(data, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise Malformed(f"illegal wireType {kind}")
        if at + size > end:
            raise Malformed("unexpected EOF")
        yield tag >> 3, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """(the number that begins at `at`, where it ends)."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("unexpected EOF" if at >= len(data) else "integer overflow")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK, at
        shift += 7


def signed(value: int) -> int:
    """A varint as the two's complement that Go's int32 and int64 are sent in."""
    return value - (1 << 64) if value >> 63 else value


def format_varint(value: int) -> bytes:
    """A number in as few bytes as it takes; a negative one in ten."""
    if 0 <= value < 0x80:
        return _SMALL[value]
    value &= _MASK
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, kind: int = BYTES) -> bytes:
    """What stands before a value."""
    return format_varint(number << 3 | kind)


def prefixed(data: bytes) -> bytes:
    """Bytes behind their length, as a value of a field is sent."""
    return format_varint(len(data)) + data


def message(number: int, content: bytes) -> bytes:
    """A field that is a message, a text or bytes."""
    return tag(number) + prefixed(content)


def text(number: int, value: str) -> bytes:
    """A field of text; nothing if it is empty."""
    return message(number, value.encode()) if value else b""


_SMALL = [bytes((value,)) for value in range(0x80)]
