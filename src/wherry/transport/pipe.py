"""A raw connection, both ways: what is left when HTTP has stepped aside.

Reading is bounded: when nobody reads, the transport is told to stop, and TCP tells the other end. A connection may be
closed for one direction alone only where TCP is bare; TLS as Python offers it cannot, so there `write_eof` closes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from wherry.transport.reading import Reading

_BUFFER = 256 << 10


class TransportPipe:
    """A `Pipe` over an asyncio transport. Its protocol calls `feed`, `feed_eof`, `pause`, `resume` and `lose`."""

    __slots__ = (
        "_buffer",
        "_eof",
        "_lost",
        "_on_resume",
        "_paused",
        "_reader",
        "_reading",
        "_size",
        "_transport",
        "_writers",
    )

    def __init__(self, transport: asyncio.Transport, first: bytes = b"") -> None:
        self._transport = transport
        self._buffer: deque[bytes] = deque((first,) if first else ())
        self._size = len(first)
        self._eof = False
        self._lost = False
        self._paused = False
        self._reading = Reading(transport)
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._on_resume: list[Callable[[], None]] = []

    @property
    def half_closes(self) -> bool:
        """Whether one direction can end while the other goes on."""
        return self._transport.can_write_eof()

    async def read(self) -> bytes:
        """The next bytes, b"" at the end; raises ConnectionError when the connection broke before that."""
        while not self._buffer:
            if self._eof:
                return b""
            if self._lost:
                raise ConnectionResetError("the connection is gone")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        data = self._buffer.popleft() if len(self._buffer) == 1 else b"".join(self._buffer)
        self._buffer.clear()
        self._size = 0
        self._reading.resume()
        return data

    def write(self, data: bytes) -> None:
        if data and not self._lost:
            self._transport.write(data)

    async def drain(self) -> None:
        """Return when the other end can take more; raises ConnectionError when it is gone."""
        if self._paused and not self._lost:
            waiter = asyncio.get_running_loop().create_future()
            self._writers.append(waiter)
            await waiter
        if self._lost:
            raise ConnectionResetError("the connection is gone")

    @property
    def is_paused(self) -> bool:
        """The other end does not read as fast as we write."""
        return self._paused and not self._lost

    def on_resume(self, callback: Callable[[], None]) -> None:
        """Call back each time that the other end can take more again."""
        self._on_resume.append(callback)

    def write_eof(self) -> None:
        """Say that nothing more will be written, and go on reading where the connection allows it."""
        if self._lost or self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def close(self) -> None:
        """Close both ways, after what is written has been sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close both ways at once."""
        self._transport.abort()

    # What the protocol calls.

    def feed(self, data: bytes) -> None:
        self._buffer.append(data)
        self._size += len(data)
        if self._size > _BUFFER:
            self._reading.pause()
        self._wake_reader()

    def feed_eof(self) -> bool:
        """The other end will send no more; True keeps the connection for writing where that is possible."""
        self._eof = True
        self._wake_reader()
        return self._transport.can_write_eof()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._wake_writers()
        for callback in self._on_resume:
            callback()

    def lose(self) -> None:
        self._lost = True
        self._on_resume = []
        self._wake_reader()
        self._wake_writers()

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _wake_writers(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            if not writer.done():
                writer.set_result(None)
