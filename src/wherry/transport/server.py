"""Listens, and keeps what its connections share; the conversation itself stands in `connection.py`.

Stopping is orderly: no new connections, idle ones close, requests in hand are answered with `Connection: close`,
streams end their bodies, and what is left after the grace period is cut.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

from wherry.lib.clock import Clock
from wherry.lib.systemclock import SystemClock
from wherry.lib.tasks import Tasks
from wherry.transport.connection import HttpConnection
from wherry.transport.heads import Heads
from wherry.transport.messages import Handler, Request
from wherry.transport.service import Service
from wherry.transport.settings import Settings
from wherry.transport.stats import Stats

_BACKLOG = 1024


class Server:
    """An HTTP server on any number of sockets. One event loop, one handler."""

    def __init__(self, handler: Handler, settings: Settings | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self.settings = settings or Settings()
        self.stats = Stats()
        self._tasks = Tasks("http server")
        self._service = Service(handler, self.settings, clock, self.stats, self._tasks, Heads(clock))
        self._servers: list[asyncio.Server] = []

    async def start(
        self,
        host: str | Sequence[str] = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        """Accept connections on `sockets` if there are any, else on host and port (0 takes a free one).

        May be called again to listen elsewhere as well. Raises OSError when an address cannot be had.
        """
        loop = asyncio.get_running_loop()
        handshake = self.settings.timeouts.handshake if tls is not None else None
        if sockets:
            for sock in sockets:
                server = await loop.create_server(
                    self._connect, sock=sock, ssl=tls, backlog=_BACKLOG, ssl_handshake_timeout=handshake
                )
                self._servers.append(server)
        else:
            server = await loop.create_server(
                self._connect, host, port, ssl=tls, backlog=_BACKLOG, ssl_handshake_timeout=handshake
            )
            self._servers.append(server)

    async def start_unix(self, path: str | Path) -> None:
        """Accept connections on a unix socket, without TLS."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(self._connect, str(path), backlog=_BACKLOG))

    @property
    def port(self) -> int:
        """The TCP port of the first socket."""
        for server in self._servers:
            for sock in server.sockets:
                name = sock.getsockname()
                if isinstance(name, tuple):
                    return int(name[1])
        raise RuntimeError("the server does not listen on TCP")

    async def stop(self, grace: float = 5.0) -> None:
        """Stop accepting, let requests finish for at most `grace` seconds, then cut what is left."""
        service = self._service
        service.is_stopping = True
        for server in self._servers:
            server.close()
        for connection in tuple(service.connections):
            connection.shut_down()
        if service.connections and grace > 0:
            await self._wait_empty(grace)
        for connection in tuple(service.connections):
            connection.abort()
        await self._tasks.close()
        if service.connections:
            await self._wait_empty(1.0)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    def cut(self, *, idle: bool, spare: Request | None = None) -> None:
        """Break connections, as a process that is killed does; those that nobody waits on only if `idle`, and never the
        one on which `spare` will be answered.

        It happens in the loop's next turn, when the requests that are in hand now have had their first step: nothing is
        cancelled that has not begun.
        """
        asyncio.get_running_loop().call_soon(self._cut, idle, spare)

    def _cut(self, idle: bool, spare: Request | None) -> None:
        for connection in tuple(self._service.connections):
            request = connection.in_hand
            if idle if request is None else request is not spare:
                connection.abort()

    async def _wait_empty(self, seconds: float) -> None:
        """Return when the last connection has gone or the time is over."""
        service = self._service
        empty = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not empty.done():
                empty.set_result(None)

        service.on_empty = wake
        timer = service.clock.call_later(seconds, wake)
        try:
            await empty
        finally:
            timer.cancel()
            service.on_empty = None

    def _connect(self) -> HttpConnection:
        return HttpConnection(self._service)
