"""The client's side of HTTP/1.1 as a machine without I/O: bytes in; heads, pieces of bodies and ends out.

Unlike requests, responses come out bit by bit, since many of them never end. A reader lives as long as its connection
and is told before each response whether a body may follow at all (`expect`).
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import httptools
from msgspec import Struct


class ResponseHead(Struct, frozen=True):
    """Status and headers; names in lower case, repeated ones joined with a comma."""

    status: int
    headers: dict[str, str]
    is_upgrade: bool = False
    """The server agreed to speak something else; what follows is `take_rest()` and raw."""


class End(Enum):
    """The response is complete; whether the connection may carry another request."""

    KEEP = "keep"
    CLOSE = "close"


class ProtocolError(ConnectionError):
    """The server's bytes are no HTTP; for a caller as good as a broken connection."""


ResponseEvent: TypeAlias = ResponseHead | bytes | End

_MAX_HEAD = 1 << 20


class ResponseReader:
    """Reads one connection's responses. After `End.CLOSE` or an upgrade it must not be fed any more."""

    __slots__ = (
        "_events",
        "_head",
        "_headers",
        "_in_head",
        "_no_body",
        "_parser",
        "_rest",
        "_size",
        "_skipping",
        "_upgrade",
    )

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._events: list[ResponseEvent] = []
        self._headers: dict[str, str] = {}
        self._head: ResponseHead | None = None
        self._no_body = False
        self._skipping = False
        self._upgrade = False
        self._in_head = True
        self._size = 0
        self._rest = b""

    def expect(self, method: str) -> None:
        """A request with this method goes out next."""
        self._no_body = method == "HEAD"
        self._in_head = True
        self._size = 0

    def feed(self, data: bytes) -> list[ResponseEvent]:
        """The events that `data` completes; raises ProtocolError."""
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._rest = data[upgrade.args[0] :]
            self._end_of_http()
        except httptools.HttpParserError as error:
            if not self._no_body or self._head is None:
                raise ProtocolError(f"malformed response: {error}") from error
        if self._in_head:
            self._size += len(data)
            if self._size > _MAX_HEAD:
                raise ProtocolError("the head of the response is too large")
        events, self._events = self._events, []
        return events

    def feed_eof(self) -> bool:
        """The server closed. True if that is how the response in hand was meant to end."""
        head = self._head
        if head is None or self._parser is None:
            return False
        return "content-length" not in head.headers and "transfer-encoding" not in head.headers

    def take_rest(self) -> bytes:
        """The raw bytes that came behind an upgrade."""
        rest, self._rest = self._rest, b""
        return rest

    def close(self) -> None:
        """Let go of the parser, which refers back to the reader."""
        self._parser = None

    # What httptools calls.

    def on_message_begin(self) -> None:
        self._headers = {}
        self._head = None
        self._skipping = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:
            return  # A trailer.
        key = name.decode("latin-1").lower()
        text = value.decode("utf-8", "replace").strip(" \t")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._skipping = True  # 100 Continue and its like announce nothing that we wait for.
            return
        self._in_head = False
        self._upgrade = status == 101
        self._head = ResponseHead(status, self._headers, self._upgrade)
        self._events.append(self._head)
        if self._no_body:
            self._events.append(End.CLOSE)

    def on_body(self, body: bytes) -> None:
        if not self._no_body:
            self._events.append(body)

    def on_message_complete(self) -> None:
        if self._skipping or self._no_body or self._upgrade:
            return
        assert self._parser is not None
        self._events.append(End.KEEP if self._parser.should_keep_alive() else End.CLOSE)
        self._head = None

    def _end_of_http(self) -> None:
        """llhttp stops at any answer that mentions an upgrade; only 101 is one."""
        if not self._upgrade:
            raise ProtocolError("the server upgraded without being asked properly")
