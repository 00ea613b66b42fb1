"""What passes between the HTTP layer and a handler.

A handler is a function of a `Request`. It answers at once with a `Reply` where it can, and returns an awaitable of one
where it must wait; only then does the layer start a task. Headers are text, names in lower case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from msgspec import Struct, field

from wherry.wire.http import Message


class Peer:
    """The other end of one connection; lives as long as the connection does."""

    __slots__ = ("address", "certificate", "identity")

    def __init__(self, address: str, certificate: bytes | None) -> None:
        self.address = address
        """Textual IP address."""
        self.certificate = certificate
        """The client's verified certificate (DER), if it sent one."""
        self.identity: Any = None
        """Whoever authenticates may remember here what this certificate stands for."""


class Request(Message):
    """One request whose body has arrived in full, and who sent it."""

    __slots__ = ("peer",)

    def __init__(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, peer: Peer) -> None:
        # Every request passes here, so the parent's initialiser is not called but repeated.
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
        self.keep_alive = True
        self.is_upgrade = False
        self.version_11 = True


class Response(Struct):
    """A complete answer. The layer adds Content-Length and Date; compression is the handler's affair."""

    status: int
    body: bytes | list[bytes] = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Sink(Protocol):
    """Where a streamed body goes. All calls are made on the event loop."""

    def write(self, data: bytes) -> None:
        """Send as one chunk. Never blocks; look at `is_paused` to be kind to a slow reader."""
        ...

    @property
    def is_paused(self) -> bool:
        """The peer does not read as fast as we write; more than the high-water mark is waiting."""
        ...

    @property
    def is_closed(self) -> bool: ...

    def close(self) -> None:
        """End the body in an orderly way."""
        ...

    def abort(self) -> None:
        """Cut the connection."""
        ...

    async def drain(self) -> None:
        """Return when no longer paused; raises ConnectionError when the peer is gone."""
        ...

    def on_resume(self, callback: Callable[[], None]) -> None:
        """Call back each time that a paused sink can take more."""
        ...

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call back once, when the peer goes away or the server stops; at once if that has happened."""
        ...


async def pour(pieces: AsyncIterator[bytes], sink: Sink) -> None:
    """Send what comes, as fast as the reader takes it, until it ends or the reader has gone."""
    async for piece in pieces:
        sink.write(piece)
        if sink.is_paused:
            await sink.drain()
        if sink.is_closed:
            return
    sink.close()


class Stream(Struct):
    """An answer whose body is written bit by bit (chunked). `start` is called when the head has been sent.

    The body ends when its sink is closed, not when `start` returns, since most streams go on in callbacks. If `start`
    raises, now or while awaited, the connection is cut.
    """

    start: Callable[[Sink], Awaitable[None] | None]
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Pipe(Protocol):
    """The raw connection after an upgrade, both ways."""

    async def read(self) -> bytes:
        """The next bytes, b"" at the end; includes what arrived together with the request."""
        ...

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    @property
    def is_paused(self) -> bool:
        """The peer does not read as fast as we write."""
        ...

    def on_resume(self, callback: Callable[[], None]) -> None:
        """Call back each time that a paused pipe can take more."""
        ...

    @property
    def half_closes(self) -> bool:
        """Whether one direction can end while the other goes on."""
        ...

    def write_eof(self) -> None:
        """Nothing more will be written; closes where one direction cannot be closed alone (TLS)."""
        ...

    def close(self) -> None:
        """Close both ways, after what is written has been sent."""
        ...

    def abort(self) -> None:
        """Close both ways at once."""
        ...


class Takeover(Struct):
    """Stop speaking HTTP: `run` owns the raw connection until it returns; it writes the 101 head itself."""

    run: Callable[[Pipe], Awaitable[None]] = field()


Reply: TypeAlias = Response | Stream | Takeover
Handler: TypeAlias = Callable[[Request], Reply | Awaitable[Reply]]
