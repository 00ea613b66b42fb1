"""Watches over WebSocket, as browsers make them: each event is a message of its own.

The connection is taken over and looks to the watch like any other `Sink`. What the client says is passed over, but
for pings, which are answered, and its farewell, which ends the watch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from wherry.api.errors import BadRequest
from wherry.transport.messages import Pipe, Sink, Stream, Takeover
from wherry.wire.websocket import (
    NORMAL,
    FrameReader,
    Opcode,
    Violation,
    format_close,
    format_frame,
    handshake_fault,
    handshake_reply,
)

_BEARER = "base64url.bearer.authorization.k8s.io."
"""How a protocol begins that is a token in truth."""


def wrap(event: bytes, is_text: bool) -> bytes:
    """An event as a message."""
    return format_frame(Opcode.TEXT if is_text else Opcode.BINARY, event)


def over_websocket(headers: Mapping[str, str], stream: Stream) -> Takeover:
    """The same stream for a client that asked for WebSocket; raises BadRequest. Its events must have been wrapped."""
    if fault := handshake_fault(headers):
        raise BadRequest(fault)
    extra = {"Content-Type": stream.content_type}
    protocols = [each.strip() for each in headers.get("sec-websocket-protocol", "").split(",")]
    if offered := [each for each in protocols if each and not each.startswith(_BEARER)]:
        extra["Sec-WebSocket-Protocol"] = offered[0]
    head = handshake_reply(headers, extra)

    async def run(pipe: Pipe) -> None:
        pipe.write(head)
        sink = WebSocketSink(pipe)
        try:
            await _started(stream, sink)
            await _listen(pipe, sink)
        finally:
            sink.lose()

    return Takeover(run)


class WebSocketSink:
    """A `Sink` over a connection that was taken over; who writes to it makes whole frames."""

    __slots__ = ("_on_close", "_pipe", "is_closed")

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._on_close: list[Callable[[], None]] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        if not self.is_closed:
            self._pipe.write(data)

    @property
    def is_paused(self) -> bool:
        return self._pipe.is_paused

    def close(self, code: int = NORMAL) -> None:
        """Say farewell and end."""
        if not self.is_closed:
            self.is_closed = True
            self._pipe.write(format_close(code))
            self._pipe.close()

    def abort(self) -> None:
        self.is_closed = True
        self._pipe.abort()

    async def drain(self) -> None:
        await self._pipe.drain()

    def on_resume(self, callback: Callable[[], None]) -> None:
        self._pipe.on_resume(callback)

    def on_close(self, callback: Callable[[], None]) -> None:
        self._on_close.append(callback)

    def lose(self) -> None:
        """Nobody reads what is written from now on."""
        self.is_closed = True
        callbacks, self._on_close = self._on_close, []
        for callback in callbacks:
            callback()


async def _started(stream: Stream, sink: Sink) -> None:
    started = stream.start(sink)
    if isinstance(started, Awaitable):
        await started


async def _listen(pipe: Pipe, sink: WebSocketSink) -> None:
    """Take note of the client until it leaves."""
    reader = FrameReader()
    while not sink.is_closed and (data := await pipe.read()):
        try:
            for frame in reader.feed(data):
                if frame.opcode == Opcode.PING:
                    sink.write(format_frame(Opcode.PONG, frame.payload))
                elif frame.opcode == Opcode.CLOSE:
                    sink.close()
        except Violation as violation:
            sink.close(violation.code)
