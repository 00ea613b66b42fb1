"""The client's side of one connection: a request out, its response in, one after the other.

The body of a response is read piece by piece; when nobody reads, the connection is told to stop and TCP tells the
server. A connection is free for the next request only when the response before it has been read to its end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from wherry.transport.pipe import TransportPipe
from wherry.transport.reading import Reading
from wherry.transport.sockets import keep_alive
from wherry.wire.httpclient import End, ProtocolError, ResponseHead, ResponseReader

_BUFFER = 256 << 10


class ClientConnection(asyncio.Protocol):
    """Carries requests, one at a time.

    `released` is called with it each time that a response has been read to its end, `lost` when it is gone.
    """

    __slots__ = (
        "_buffer",
        "_end",
        "_error",
        "_head",
        "_heard",
        "_lost",
        "_pipe",
        "_reader",
        "_reading",
        "_released",
        "_size",
        "_transport",
        "_waiter",
    )

    def __init__(self, released: Callable[[ClientConnection], None], lost: Callable[[ClientConnection], None]) -> None:
        self._released = released
        self._lost = lost
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._reader = ResponseReader()
        self._buffer: deque[bytes] = deque()
        self._size = 0
        self._head: ResponseHead | None = None
        self._end: End | None = End.KEEP
        self._error: Exception | None = None
        self._heard = False
        self._pipe: TransportPipe | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return self._end is End.KEEP and self._error is None and not self._transport.is_closing()

    @property
    def has_heard(self) -> bool:
        """Whether anything came back for the request in hand."""
        return self._heard

    def send(self, method: str, request: bytes) -> None:
        """Send a whole request, head and body."""
        assert self.is_usable
        self._head = None
        self._end = None
        self._heard = False
        self._reader.expect(method)
        self._transport.write(request)

    async def head(self) -> ResponseHead:
        """The response's head; raises ConnectionError when it cannot come any more."""
        while self._head is None:
            await self._more()
        return self._head

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end; raises ConnectionError when it is cut short."""
        while not self._buffer:
            if self._end is not None:
                self._release()
                return b""
            await self._more()
        data = self._buffer.popleft() if len(self._buffer) == 1 else b"".join(self._buffer)
        self._buffer.clear()
        self._size = 0
        self._reading.resume()
        return data

    def take_over(self) -> TransportPipe:
        """The raw connection, after the server agreed to an upgrade."""
        assert self._head is not None
        assert self._head.is_upgrade
        self._pipe = TransportPipe(self._transport, self._reader.take_rest())
        if self._error is not None:
            self._pipe.lose()
        self._reader.close()
        return self._pipe

    def close(self) -> None:
        """Close now; there is nothing left to send that matters."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        keep_alive(transport)
        self._reading = Reading(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._pipe is not None:
            self._pipe.feed(data)
            return
        if self._end is not None:
            self._transport.abort()  # The server speaks out of turn: nothing can be trusted any more.
            return
        self._heard = True
        try:
            events = self._reader.feed(data)
        except ProtocolError as error:
            self._fail(error)
            self._transport.abort()
            return
        for event in events:
            if isinstance(event, ResponseHead):
                self._head = event
            elif isinstance(event, End):
                self._end = event
            else:
                self._buffer.append(event)
                self._size += len(event)
        if self._size > _BUFFER:
            self._reading.pause()
        self._wake()

    def eof_received(self) -> bool:
        if self._pipe is not None:
            return self._pipe.feed_eof()
        if self._end is None and self._head is not None and self._reader.feed_eof():
            self._end = End.CLOSE
            self._wake()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._lost(self)
        if self._pipe is not None:
            self._pipe.lose()
            return
        self._reader.close()
        self._fail(error or ConnectionResetError("the server closed the connection"))

    def pause_writing(self) -> None:
        if self._pipe is not None:
            self._pipe.pause()

    def resume_writing(self) -> None:
        if self._pipe is not None:
            self._pipe.resume()

    # Helpers.

    async def _more(self) -> None:
        """Wait until something has arrived."""
        if self._error is not None:
            kind = ProtocolError if isinstance(self._error, ProtocolError) else ConnectionResetError
            raise kind(str(self._error)) from self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _release(self) -> None:
        if self._head is not None:
            self._head = None
            self._released(self)

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
