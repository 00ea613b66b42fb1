"""The values of literals: numbers, and strings with their escapes."""

from __future__ import annotations

import math
import re

from wherry.cel.values import INT_MAX, INT_MIN, UINT_MAX, Uint


class LiteralError(ValueError):
    """A literal that has no value, with the message that users see."""


def parse_int(text: str) -> int:
    """`12`, `-0x1F`."""
    value = _parse_integer(text, "int")
    if not INT_MIN <= value <= INT_MAX:
        raise LiteralError("invalid int literal")
    return value


def parse_uint(text: str) -> Uint:
    """`12u`."""
    value = _parse_integer(text[:-1], "uint")
    if value > UINT_MAX:
        raise LiteralError("invalid uint literal")
    return Uint(value)


def parse_double(text: str) -> float:
    """`1.5e3`; one that is out of range is refused, not infinite."""
    value = float(text)
    if math.isinf(value):
        raise LiteralError("invalid double literal")
    return value


def parse_string(text: str) -> str:
    """A string with its quotes."""
    body, is_raw = _unquote(text)
    return body if is_raw or "\\" not in body else _ESCAPE.sub(_unescape, body)


def parse_bytes(text: str) -> bytes:
    """A bytes literal with its prefix and quotes. Escapes stand for bytes, other characters for their UTF-8."""
    body, is_raw = _unquote(text[1:])
    if is_raw or "\\" not in body:
        return body.encode(errors="surrogatepass")
    parts, position = [], 0
    for match in _ESCAPE.finditer(body):
        parts += [body[position : match.start()].encode(errors="surrogatepass"), _unescape_byte(match)]
        position = match.end()
    parts.append(body[position:].encode(errors="surrogatepass"))
    return b"".join(parts)


def _parse_integer(text: str, kind: str) -> int:
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    is_hex = digits.startswith("0x")
    digits = (digits[2:] if is_hex else digits).lstrip("0") or "0"
    if len(digits) > 20:  # more than any 64 bits, and Python would take its time
        raise LiteralError(f"invalid {kind} literal")
    return int(sign + digits, 16 if is_hex else 10)


def _unquote(text: str) -> tuple[str, bool]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    is_raw = text[0] in "rR"
    text = text[1:] if is_raw else text
    width = 3 if len(text) >= 6 and text[:3] in ('"""', "'''") else 1
    return text[width:-width], is_raw


_ESCAPE = re.compile(r"\\(?:[xX](..)|u(.{4})|U(.{8})|([0-3]..)|(.))", re.DOTALL)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _code(match: re.Match[str]) -> int:
    return int(match[4], 8) if match[4] else int(match[1] or match[2] or match[3], 16)


def _unescape(match: re.Match[str]) -> str:
    if match[5]:
        return _SIMPLE.get(match[5], match[5])
    code = _code(match)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise LiteralError("invalid unicode code point")
    return chr(code)


def _unescape_byte(match: re.Match[str]) -> bytes:
    if match[5]:
        return _SIMPLE.get(match[5], match[5]).encode()
    if match[2] or match[3]:
        raise LiteralError("unable to unescape string")
    return bytes((_code(match),))
