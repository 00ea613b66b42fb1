"""Requests to one server, over connections that are kept and used again.

A `Connector` holds as many connections as there are requests under way. One that was kept may have been closed by the
server in the moment it is used again; a request without side effects is then sent once more on a fresh one, as Go's
client does. Everything that can go wrong below HTTP is an OSError (ConnectionError, TimeoutError, ssl.SSLError).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from wherry.lib.clock import Clock
from wherry.lib.systemclock import SystemClock
from wherry.transport.exchange import ClientConnection
from wherry.transport.pipe import TransportPipe
from wherry.wire.httphead import request_head

_REPLAYABLE: Final = frozenset(("GET", "HEAD", "OPTIONS"))

Headers = Iterable[tuple[str, str]]


class Endpoint(Struct, frozen=True):
    """Where a server listens, and how to know that it is the right one."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str = ""
    """The name its certificate must carry, when that is not `host`."""
    path: str = ""
    """A unix socket, instead of host and port."""

    def __str__(self) -> str:
        return self.path or self.address

    @property
    def address(self) -> str:
        """As in a URL or a Host header; IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Answer(Struct, frozen=True):
    """A whole response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Incoming:
    """A response whose body is still arriving; an asynchronous context that gives the connection back or cuts it."""

    __slots__ = ("_connection", "_ended", "headers", "status")

    def __init__(self, connection: ClientConnection, status: int, headers: Mapping[str, str]) -> None:
        self._connection = connection
        self._ended = False
        self.status = status
        self.headers = headers

    async def read(self) -> bytes:
        """The next piece, b"" at the end; raises ConnectionError when the body is cut short."""
        if self._ended:
            return b""
        data = await self._connection.read()
        self._ended = not data
        return data

    async def read_all(self) -> bytes:
        """The rest of the body."""
        pieces: list[bytes] = []
        while data := await self.read():
            pieces.append(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Read no more; the connection is of no further use unless the body had ended."""
        if not self._ended:
            self._ended = True
            self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Connector:
    """Sends requests to one endpoint. Close it when done."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock | None = None,
        connect_timeout: float = 10.0,
        idle_seconds: float = 60.0,
        max_idle: int = 64,
    ) -> None:
        self.endpoint = endpoint
        self._clock = clock or SystemClock()
        self._connect_timeout = connect_timeout
        self._idle_seconds = idle_seconds
        self._max_idle = max_idle
        self._idle: dict[ClientConnection, float] = {}
        self._all: set[ClientConnection] = set()
        self._is_sweeping = False
        self._closed = False

    async def open(
        self, method: str, target: str, headers: Headers = (), body: bytes = b"", *, timeout: float | None = None
    ) -> Incoming:
        """Send a request and return when the head of its response is in; `timeout` is for that head."""
        request = self._encode(method, target, headers, body)
        async with asyncio.timeout(timeout):
            connection = await self._exchange(method, request)
            head = await connection.head()
        return Incoming(connection, head.status, head.headers)

    async def request(
        self, method: str, target: str, headers: Headers = (), body: bytes = b"", *, timeout: float | None = 60.0
    ) -> Answer:
        """Send a request and return its whole answer."""
        async with asyncio.timeout(timeout):
            async with await self.open(method, target, headers, body) as incoming:
                return Answer(incoming.status, incoming.headers, await incoming.read_all())

    async def upgrade(
        self, method: str, target: str, headers: Headers, body: bytes = b"", *, timeout: float | None = 60.0
    ) -> tuple[Incoming, TransportPipe | None]:
        """Ask for an upgrade, whose headers are among `headers`; the pipe is None when the server answers otherwise.

        The connection is the caller's from then on: close the pipe, or read the answer and close that.
        """
        request = self._encode(method, target, headers, body)
        async with asyncio.timeout(timeout):
            connection = await self._exchange(method, request, fresh=True)
            head = await connection.head()
        incoming = Incoming(connection, head.status, head.headers)
        return incoming, connection.take_over() if head.is_upgrade else None

    def reset(self) -> None:
        """Close what is idle, so that the next requests shake hands anew (a certificate has changed, say)."""
        for connection in tuple(self._idle):
            self._drop(connection)

    def abort(self) -> None:
        """Close every connection, used or not."""
        self._closed = True
        for connection in tuple(self._all):
            self._drop(connection)

    async def close(self) -> None:
        """Close every connection, used or not, and let the event loop see to it."""
        self.abort()
        await asyncio.sleep(0)

    # Connections.

    async def _exchange(self, method: str, request: bytes, *, fresh: bool = False) -> ClientConnection:
        """Send on a kept connection or a new one, and return it once an answer has begun."""
        connection = None if fresh else self._take_idle()
        if connection is not None:
            try:
                return await self._send(connection, method, request)
            except ConnectionError:
                if connection.has_heard or method not in _REPLAYABLE:
                    raise
        return await self._send(await self._connect(), method, request)

    async def _send(self, connection: ClientConnection, method: str, request: bytes) -> ClientConnection:
        try:
            connection.send(method, request)
            await connection.head()
        except BaseException:
            self._drop(connection)
            raise
        return connection

    def _take_idle(self) -> ClientConnection | None:
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.is_usable:
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> ClientConnection:
        if self._closed:
            raise ConnectionError("the client has been closed")
        loop = asyncio.get_running_loop()
        endpoint = self.endpoint
        name = (endpoint.server_name or endpoint.host) if endpoint.tls is not None else None
        async with asyncio.timeout(self._connect_timeout):
            if endpoint.path:
                _, connection = await loop.create_unix_connection(self._make, endpoint.path)
            else:
                _, connection = await loop.create_connection(
                    self._make, endpoint.host, endpoint.port, ssl=endpoint.tls, server_hostname=name
                )
        self._all.add(connection)
        return connection

    def _make(self) -> ClientConnection:
        return ClientConnection(self._release, self._forget)

    def _release(self, connection: ClientConnection) -> None:
        """A response has been read to its end."""
        if connection.is_usable and not self._closed and len(self._idle) < self._max_idle:
            self._idle[connection] = self._clock.monotonic() + self._idle_seconds
            if not self._is_sweeping:
                self._is_sweeping = True
                self._clock.call_later(self._idle_seconds, self._sweep)
        else:
            self._drop(connection)

    def _sweep(self) -> None:
        """Close what has been idle for too long; the oldest come first."""
        now = self._clock.monotonic()
        for connection, until in tuple(self._idle.items()):
            if until > now:
                break
            self._drop(connection)
        self._is_sweeping = bool(self._idle)
        if self._is_sweeping:
            first = next(iter(self._idle.values()))
            self._clock.call_later(max(first - now, 0.01), self._sweep)

    def _drop(self, connection: ClientConnection) -> None:
        connection.close()
        self._forget(connection)

    def _forget(self, connection: ClientConnection) -> None:
        self._idle.pop(connection, None)
        self._all.discard(connection)

    def _encode(self, method: str, target: str, headers: Headers, body: bytes) -> bytes:
        lines = [("Host", self.endpoint.address), *headers]
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(("Content-Length", str(len(body))))
        return request_head(method, target, lines) + body
