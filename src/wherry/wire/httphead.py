"""How heads and chunks of HTTP/1.1 are written."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
_CLOSE: Final = b"Connection: close\r\n"

Headers = Iterable[tuple[str, str]]


def has_body(status: int) -> bool:
    """Whether an answer of this status may have a body at all."""
    return status >= 200 and status not in (204, 304)


def sized_head(status: int, common: bytes, length: int, keep_alive: bool) -> bytes:
    """The head of an answer whose length is known. `common` is the status line and all lines but the last."""
    close = b"" if keep_alive else _CLOSE
    if not has_body(status):
        return b"%b%b\r\n" % (common, close)
    return b"%b%bContent-Length: %d\r\n\r\n" % (common, close, length)


def stream_head(common: bytes, keep_alive: bool, chunked: bool) -> bytes:
    """The head of an answer that is written bit by bit; without chunks (HTTP/1.0) it ends with the connection."""
    close = b"" if keep_alive and chunked else _CLOSE
    return b"%b%b%b\r\n" % (common, close, _CHUNKED if chunked else b"")


def request_head(method: str, target: str, headers: Headers) -> bytes:
    """The head of a request; a line break in the target would end it early, so it is refused."""
    if any(character in target for character in "\r\n "):
        raise ValueError("a request target holds no blanks or line breaks")
    return f"{method} {target} HTTP/1.1\r\n".encode() + header_lines(headers) + b"\r\n"


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def header_lines(headers: Headers) -> bytes:
    """Encode headers; line breaks in a value become blanks, so that no value can add a header or end the head."""
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        text = "".join(f"{_one_line(name)}: {_one_line(value)}\r\n" for name, value in headers)
    return text.encode("utf-8", "replace")


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def status_line(status: int, content_type: str) -> bytes:
    """How an answer begins: the status and, where there can be a body, its type."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = f"status code {status}"
    line = f"HTTP/1.1 {status} {phrase}\r\n"
    if content_type and has_body(status):
        line += f"Content-Type: {_one_line(content_type)}\r\n"
    return line.encode()
