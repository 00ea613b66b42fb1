"""The server's side of HTTP/1.1 as a machine without I/O: bytes in, requests out.

The rule of the file: whatever way the network cuts the bytes, the same events come out in the same order, and no peer
can make the reader hold more than its limits allow. Requests come out whole (body included) and in the order of their
arrival, so a pipelining client is served by answering events one after another.

        IDLE ──first byte──> HEAD ──blank line──> BODY ──last byte──> IDLE
          a fault, or a request for an upgrade, in any of them ──> STOPPED

A STOPPED reader parses no more. After an upgrade the bytes behind the request are `take_rest()`, for whoever takes the
connection over, or `resume()` reads on when the upgrade was declined.

Parsing itself is llhttp's (through httptools), which is strict about what request smuggling lives on: doubled or
conflicting lengths, bare line feeds, obsolete folding. Statuses and texts of faults are those of Go's server, so that a
client cannot tell the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

import httptools


class Phase(Enum):
    """What the reader is in the middle of; timeouts depend on it."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may weigh, in bytes. The defaults are upstream's."""

    head: int = 1 << 20
    body: int = 3 << 20


class Message:
    """One whole request. Header names are in lower case; repeated ones are joined with a comma."""

    __slots__ = ("body", "headers", "is_upgrade", "keep_alive", "method", "path", "query", "version_11")

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body
        self.keep_alive = False
        self.is_upgrade = False
        self.version_11 = True


class Expect(Enum):
    """The client waits for permission before it sends its body."""

    CONTINUE = "100-continue"


@dataclass(frozen=True, slots=True)
class Fault:
    """The peer broke the protocol or a limit; answer with this and close."""

    status: int
    text: str


Event: TypeAlias = Message | Expect | Fault

BODY_TOO_LARGE: Final = 413


class _Stop(Exception):
    """Leaves the parser from inside a callback; the fault has been noted."""


class RequestReader:
    """Reads one connection's requests."""

    __slots__ = (
        "_began",
        "_events",
        "_headers",
        "_limits",
        "_parser",
        "_pieces",
        "_rest",
        "_size",
        "_unseen",
        "_url",
        "phase",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._events: list[Event] = []
        self._rest = b""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._size = 0
        self._unseen = 0
        self._began = False
        self.phase = Phase.IDLE
        """What the reader is in the middle of."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        if self.phase is Phase.STOPPED or self._parser is None:
            self._rest += data
            return []
        size_before = self._size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._rest = data[upgrade.args[0] :]
            self.phase = Phase.STOPPED
        except httptools.HttpParserError as error:
            self._blame(error)
        else:
            if self.phase is not Phase.IDLE:
                self._bound(len(data), size_before)
        events = self._events
        if events:
            self._events = []
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

    def on_message_begin(self) -> None:
        self.phase = Phase.HEAD
        self._url = b""
        self._headers = {}
        self._began = True
        self._unseen = self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

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
        if "host" not in headers and self._version() == "1.1":
            self._fail(Fault(400, "400 Bad Request: missing required Host header"))
        length = headers.get("content-length")
        if length is not None and int(length) > self._limits.body:
            self._fail(Fault(BODY_TOO_LARGE, "body"))
        expect = headers.get("expect")
        if expect:
            if expect.lower() != Expect.CONTINUE.value:
                self._fail(Fault(417, "417 Expectation Failed"))
            if length != "0" and (length is not None or "transfer-encoding" in headers):
                self._events.append(Expect.CONTINUE)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > self._limits.body:
            self._fail(Fault(BODY_TOO_LARGE, "body"))
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        pieces = self._pieces
        if not pieces:
            body = b""
        else:
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            self._pieces = []
        parser = self._parser
        assert parser is not None
        message = Message(parser.get_method().decode("ascii"), self._target(), self._headers, body)
        message.version_11 = parser.get_http_version() == "1.1"
        message.keep_alive = message.version_11 and parser.should_keep_alive()
        message.is_upgrade = parser.should_upgrade()
        self._events.append(message)
        self.phase = Phase.IDLE

    # Helpers.

    def _target(self) -> str:
        target = self._url.decode("utf-8", "replace")
        if target.startswith("/") or "://" not in target:
            return target
        slash = target.find("/", target.index("://") + 3)
        return target[slash:] if slash >= 0 else "/"

    def _version(self) -> str:
        assert self._parser is not None
        return str(self._parser.get_http_version())

    def _repeat(self, key: str, text: str) -> None:
        if key == "host":
            self._fail(Fault(400, "400 Bad Request: too many Host headers"))
        self._headers[key] += ("; " if key == "cookie" else ", ") + text

    def _bound(self, count: int, size_before: int) -> None:
        """Stop a head, a trailer or a chunk's extension that goes on for ever; none of them shows up in a callback.

        The piece in which a message began is not counted, since it may hold the end of the one before.
        """
        if self._began:
            self._began = False
            return
        if self._size == size_before:
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
