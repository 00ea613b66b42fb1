"""PEM as Go reads it: blocks between lines of dashes, with anything around them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from msgspec import Struct


class Block(Struct, frozen=True):
    label: str
    has_headers: bool
    der: bytes


_BLOCK = re.compile(rb"(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n(.*?)-----END \1-----[ \t\r]*(?=\n|\Z)", re.DOTALL)
_HEADERS = re.compile(rb"(?:[^\n:]*:[^\n]*(?:\n|\Z))*")


def decode(data: bytes) -> Iterator[Block]:
    """The blocks in their order; what is damaged is passed over."""
    for match in _BLOCK.finditer(data):
        body = match[2]
        headers = _HEADERS.match(body)
        length = headers.end() if headers else 0
        try:
            der = binascii.a2b_base64(b"".join(body[length:].split()), strict_mode=True)
        except binascii.Error:
            continue
        yield Block(match[1].decode(errors="replace"), bool(length), der)


def first(data: bytes) -> Block | None:
    return next(decode(data), None)
