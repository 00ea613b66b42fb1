"""Streamed bodies: chunks gathered within one turn of the event loop and sent with one write.

A watch of a busy kind gets many events in one turn; each write costs a TLS record and a system call, so a `ChunkedSink`
only notes what is written and a `Flusher` sends it, a bounded number of connections per turn so that a thousand
watchers do not hold up a request. Bytes written while the reader lags are kept as they came (a thousand paused watchers
of one kind share them) and cut off at a limit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from wherry.transport.settings import Settings
from wherry.transport.stats import Stats
from wherry.wire.httphead import LAST_CHUNK, chunk

log = logging.getLogger(__name__)

_SINKS_PER_TURN = 256
_FLUSH_AT = 128 << 10


class Flusher:
    """Sends what the sinks of one server have gathered."""

    __slots__ = ("_dirty", "_last", "_last_framed", "_scheduled")

    def __init__(self) -> None:
        self._dirty: deque[ChunkedSink] = deque()
        self._scheduled = False
        self._last = b""
        self._last_framed = b""

    def add(self, sink: ChunkedSink) -> None:
        """Send this sink's bytes at the end of the current turn."""
        self._dirty.append(sink)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def frame(self, data: bytes) -> bytes:
        """`data` as a chunk; made once when the same bytes go to many watchers in a row."""
        if data is not self._last:
            self._last_framed = chunk(data)
            self._last = data
        return self._last_framed

    def _run(self) -> None:
        dirty = self._dirty
        for _ in range(min(len(dirty), _SINKS_PER_TURN)):
            dirty.popleft().flush()
        if dirty:
            asyncio.get_running_loop().call_soon(self._run)
        else:
            self._scheduled = False
            self._last = self._last_framed = b""


class ChunkedSink:
    """A `Sink` on one connection. `ended` is called once, when the body has been closed in an orderly way."""

    __slots__ = (
        "_chunked",
        "_ended",
        "_flusher",
        "_gone",
        "_on_close",
        "_on_resume",
        "_paused",
        "_pending",
        "_pending_size",
        "_settings",
        "_state_closed",
        "_stats",
        "_transport",
        "_waiters",
    )

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        flusher: Flusher,
        settings: Settings,
        stats: Stats,
        *,
        chunked: bool,
        ended: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._flusher = flusher
        self._settings = settings
        self._stats = stats
        self._chunked = chunked
        self._ended = ended
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._paused = False
        self._state_closed = False
        self._gone = False
        self._on_resume: list[Callable[[], None]] = []
        self._on_close: list[Callable[[], None]] = []
        self._waiters: list[asyncio.Future[None]] = []

    def write(self, data: bytes) -> None:
        """Gather `data` for this turn's write."""
        if self._state_closed or not data:
            return
        pending = self._pending
        pending.append(data)
        self._pending_size += len(data)
        if self._paused:
            if self._pending_size > self._settings.stream_backlog:
                self._stats.slow_readers += 1
                self.abort()
        elif self._pending_size >= _FLUSH_AT:
            self.flush()
        elif len(pending) == 1:
            self._flusher.add(self)

    def flush(self) -> None:
        """Send what has been gathered; the flusher's and the connection's affair."""
        pending = self._pending
        if not pending or self._paused:
            return
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        self._pending = []
        self._pending_size = 0
        if self._chunked:
            data = self._flusher.frame(data)
        self._stats.bytes_out += len(data)
        self._transport.write(data)

    @property
    def is_paused(self) -> bool:
        return self._paused

    @property
    def is_closed(self) -> bool:
        return self._state_closed

    def close(self) -> None:
        """End the body in an orderly way; the connection can then serve the next request."""
        if self._state_closed:
            return
        self._paused = False
        self.flush()
        self._state_closed = True
        if self._chunked:
            self._transport.write(LAST_CHUNK)
        self._forget()
        self._wake()
        self._ended()

    def abort(self) -> None:
        """Cut the connection, so that the reader knows that it missed something."""
        self._state_closed = True
        self._pending = []
        self._transport.abort()

    async def drain(self) -> None:
        if self._paused and not self._gone:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self._gone:
            raise ConnectionResetError("the reader of this stream is gone")

    def on_resume(self, callback: Callable[[], None]) -> None:
        self._on_resume.append(callback)

    def on_close(self, callback: Callable[[], None]) -> None:
        if self._gone:
            callback()
        elif not self._state_closed:
            self._on_close.append(callback)

    # What the connection calls.

    def pause(self) -> None:
        """The transport holds more than the high-water mark."""
        self._paused = True

    def resume(self) -> None:
        """The transport can take more: send what waited, then tell who waits."""
        self._paused = False
        self.flush()
        self._wake()
        for callback in tuple(self._on_resume):
            if self._paused or self._state_closed:
                break
            callback()

    def stop(self) -> None:
        """The server stops: tell the stream's owner, then end the body."""
        self._tell_gone()
        self.close()

    def lose(self) -> None:
        """The connection is lost: whatever is still written goes nowhere."""
        self._state_closed = True
        self._pending = []
        self._ended = _nothing
        self._tell_gone()
        self._wake()

    def _tell_gone(self) -> None:
        """Nobody reads what is written from now on."""
        if self._gone:
            return
        self._gone = True
        callbacks = self._on_close
        self._forget()
        for callback in callbacks:
            try:
                callback()
            except Exception:
                log.exception("a stream's owner failed when the stream closed")

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _forget(self) -> None:
        """Drop the callbacks, which usually refer back to the sink."""
        self._on_resume = []
        self._on_close = []


def _nothing() -> None:
    return None
