"""The server's side of HTTP/1.1 as a machine without I/O: bytes in, requests out.

The rule of the file: whatever way the network cuts the bytes, the same events come out in the same order, and no peer
can make the reader hold more than its limits allow. Requests come out whole (body included) and in the order of their
arrival, so a pipelining client is served by answering events one after another.

        IDLE ──first byte──> HEAD ──blank line──> BODY ──last byte──> IDLE
          a fault, or a request for an upgrade, in any of them ──> STOPPED

A STOPPED reader parses no more. After an upgrade the bytes behind the request are `take_rest()`, for whoever takes the
connection over, or `resume()` reads on when the upgrade was declined.

A client that keeps its connection sends the same header block over and over; only the first line changes. Such a block
is recognised by comparing bytes, and its headers are the very same mapping as before. So it costs a fraction of parsing
it, and whoever authenticates may recognise it by identity. What was not parsed by llhttp once is never recognised.

Parsing itself is llhttp's (through httptools), which is strict about what request smuggling lives on: doubled or
conflicting lengths, bare line feeds, obsolete folding. Statuses and texts of faults are those of Go's server, so that a
client cannot tell the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, TypeAlias

import httptools
from msgspec import Struct


class Phase(Enum):
    """What the reader is in the middle of; timeouts depend on it."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    STOPPED = "stopped"


class Limits(Struct, frozen=True):
    """What one request may weigh, in bytes. The defaults are upstream's."""

    head: int = 1 << 20
    body: int = 3 << 20


class Message:
    """One whole request. Header names are in lower case; repeated ones are joined with a comma."""

    __slots__ = ("body", "headers", "is_upgrade", "keep_alive", "method", "path", "query", "version_11")

    def __init__(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        """As sent, still percent-encoded."""
        self.query = query
        """Behind the question mark, still encoded; "" when there is none."""
        self.headers = headers
        self.body = body
        self.keep_alive = True
        """Whether the connection may be used again after the answer."""
        self.is_upgrade = False
        """Whether the client asks to speak something else than HTTP from here on."""
        self.version_11 = True
        """Whether it speaks HTTP/1.1, and so understands chunks."""


class Expect(Enum):
    """The client waits for permission before it sends its body."""

    CONTINUE = "100-continue"


class Fault(Struct, frozen=True):
    """The peer broke the protocol or a limit; answer with this and close."""

    status: int
    text: str


Event: TypeAlias = Message | Expect | Fault
Build: TypeAlias = Callable[[str, str, str, Mapping[str, str], bytes], Message]

BODY_TOO_LARGE: Final = 413


class _Stop(Exception):
    """Leaves the parser from inside a callback; the fault has been noted."""


class RequestReader:
    """Reads one connection's requests."""

    __slots__ = (
        "_build",
        "_events",
        "_grown",
        "_headers",
        "_known_block",
        "_known_headers",
        "_known_length",
        "_last_headers",
        "_limits",
        "_parser",
        "_pieces",
        "_rest",
        "_size",
        "_unseen",
        "_url",
        "phase",
    )

    def __init__(self, limits: Limits, build: Build = Message) -> None:
        """`build` makes the request from its parts; a server adds what it knows of the peer there."""
        self._limits = limits
        self._build = build
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._events: list[Event] = []
        self._rest = b""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._last_headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._size = 0
        self._unseen = 0
        self._grown = False
        self._known_block = b""
        self._known_headers: dict[str, str] = {}
        self._known_length = 0
        self.phase = Phase.IDLE
        """What the reader is in the middle of."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        phase = self.phase
        if phase is Phase.IDLE:
            message = self._recognise(data)
            if message is not None:
                return [message]
        elif phase is Phase.STOPPED:
            self._rest += data
            return []
        assert self._parser is not None
        self._grown = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._rest = data[upgrade.args[0] :]
            self.phase = Phase.STOPPED
        except httptools.HttpParserError as error:
            self._blame(error)
        else:
            if self.phase is not Phase.IDLE:
                self._bound(len(data))
        events = self._events
        if not events:
            return []
        self._events = []
        if len(events) == 1 and phase is self.phase is Phase.IDLE:
            self._remember(data, events[0])
        return events

    def take_rest(self) -> bytes:
        """The bytes that arrived behind a request for an upgrade."""
        rest, self._rest = self._rest, b""
        return rest

    @property
    def rest_size(self) -> int:
        """How many bytes wait behind a request for an upgrade."""
        return len(self._rest)

    def resume(self) -> list[Event]:
        """Go on with HTTP after an upgrade was declined."""
        self._parser = httptools.HttpRequestParser(self)
        self.phase = Phase.IDLE
        rest = self.take_rest()
        return self.feed(rest) if rest else []

    def close(self) -> None:
        """Let go of the parser, which refers back to the reader."""
        self._parser = None
        self.phase = Phase.STOPPED

    # What httptools calls.

    def on_url(self, url: bytes) -> None:
        if self._url:
            self._url += url
            return
        self._url = url
        self._grown = True  # What came before in this piece belongs to another message.
        self.phase = Phase.HEAD

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is not Phase.HEAD:
            return  # A trailer: nothing in Kubernetes uses them.
        key = _NAMES.get(name) or name.decode("latin-1").lower()
        text = value.decode("utf-8", "replace").strip(" \t")
        headers = self._headers
        if key in headers:
            self._repeat(key, text)
        else:
            headers[key] = text

    def on_headers_complete(self) -> None:
        headers = self._headers
        self.phase = Phase.BODY
        self._unseen = 0
        if "content-length" in headers and int(headers["content-length"]) > self._limits.body:
            self._fail(Fault(BODY_TOO_LARGE, "body"))
        if "expect" in headers:
            self._expect(headers)
        if "host" not in headers and self._version() == "1.1":
            self._fail(Fault(400, "400 Bad Request: missing required Host header"))

    def on_body(self, body: bytes) -> None:
        self._grown = True
        self._size += len(body)
        if self._size > self._limits.body:
            self._fail(Fault(BODY_TOO_LARGE, "body"))
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        headers = self._headers
        method = parser.get_method()
        path, query = self._target()
        message = self._build(_METHODS.get(method) or method.decode("ascii"), path, query, headers, self._body())
        if "connection" in headers or not parser.should_keep_alive():
            message.version_11 = self._version() == "1.1"
            message.keep_alive = message.version_11 and parser.should_keep_alive()
            message.is_upgrade = parser.should_upgrade()
        self._events.append(message)
        self._last_headers = headers
        self._headers = {}
        self._url = b""
        self.phase = Phase.IDLE

    # Heads seen before.

    def _recognise(self, data: bytes) -> Message | None:
        """The request that `data` is, if nothing but its first line (and body) differs from the one remembered."""
        end = data.find(b"\r\n")
        block = self._known_block
        if len(data) != end + len(block) + self._known_length or not block or not data.startswith(block, end):
            return None
        line = str(data[:end], "latin-1")
        parts = line.split(" ")
        if len(parts) != 3 or not line.isascii() or not line.isprintable():
            return None
        method, target, version = parts
        if version != "HTTP/1.1" or not target.startswith("/") or method not in _RECOGNISED:
            return None
        path, _, query = target.partition("?")
        return self._build(method, path, query, self._known_headers, data[end + len(block) :])

    def _remember(self, data: bytes, event: Event) -> None:
        """Note the header block of the request that `data` is, if it says nothing about this one request alone."""
        if not isinstance(event, Message) or not event.keep_alive or event.is_upgrade:
            return
        headers = self._last_headers
        end = data.find(b"\r\n\r\n") + 4
        start = data.find(b"\r\n")
        if start <= 0 or end - start > _BLOCK_LIMIT or not _SINGULAR.isdisjoint(headers):
            return
        length = int(headers.get("content-length", "0"))
        if len(data) == end + length:
            self._known_block = data[start:end]
            self._known_headers = headers
            self._known_length = length

    # Helpers.

    def _body(self) -> bytes:
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces = []
        self._size = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _target(self) -> tuple[str, str]:
        """Path and query; of a target in absolute form, the part behind the authority."""
        target = self._url.decode("utf-8", "replace")
        if not target.startswith("/") and "://" in target:
            slash = target.find("/", target.index("://") + 3)
            target = target[slash:] if slash >= 0 else "/"
        path, _, query = target.partition("?")
        return path, query

    def _expect(self, headers: dict[str, str]) -> None:
        if headers["expect"].lower() != Expect.CONTINUE.value:
            self._fail(Fault(417, "417 Expectation Failed"))
        length = headers.get("content-length", "")
        if (length and int(length)) or "transfer-encoding" in headers:
            self._events.append(Expect.CONTINUE)

    def _version(self) -> str:
        assert self._parser is not None
        return str(self._parser.get_http_version())

    def _repeat(self, key: str, text: str) -> None:
        if key == "host":
            self._fail(Fault(400, "400 Bad Request: too many Host headers"))
        self._headers[key] += ("; " if key == "cookie" else ", ") + text

    def _bound(self, count: int) -> None:
        """Stop a head, a trailer or a chunk's extension that goes on for ever; none of them shows up in a callback.

        A piece in which a message began or its body grew is not counted: at most one such piece is left out.
        """
        if self._grown:
            return
        self._unseen += count
        if self._unseen > self._limits.head:
            is_head = self.phase is Phase.HEAD
            self._stop(Fault(431, "431 Request Header Fields Too Large") if is_head else Fault(400, "400 Bad Request"))

    def _blame(self, error: Exception) -> None:
        """Note why parsing ended: a fault of ours is there already, anything else is the peer's."""
        if self.phase is Phase.STOPPED:
            return
        if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(error.__context__, _Stop):
            raise error
        self._stop(Fault(400, "400 Bad Request"))

    def _stop(self, fault: Fault) -> None:
        self.phase = Phase.STOPPED
        self._pieces = []
        self._events.append(fault)

    def _fail(self, fault: Fault) -> None:
        self._stop(fault)
        raise _Stop


_BLOCK_LIMIT: Final = 8 << 10
_SINGULAR: Final = frozenset(("expect", "transfer-encoding", "upgrade"))
_RECOGNISED: Final = frozenset(("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"))
_METHODS: Final = {name.encode(): name for name in _RECOGNISED}


def _spellings(*names: str) -> dict[bytes, str]:
    """Names as clients write them, so that the usual ones need no decoding."""
    return {spelling.encode(): name for name in names for spelling in (name, name.title())}


_NAMES: Final = _spellings(
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-none-match",
    "kubectl-command",
    "kubectl-session",
    "origin",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-forwarded-for",
    "x-stream-protocol-version",
)
