"""One client's connection to a server: requests in order, each answered before the next begins.

The rule of the file: at most one request is being answered; what arrives behind it waits in `_queue`, and once
something waits no more is read. An answer that a handler gives at once is written inside `data_received`; only a
handler that must wait costs a task. When the client goes away its request's task is cancelled; what that task had
already ordered elsewhere (a write to the store) is not the connection's to undo.

        waiting ──request──> answering ──written──> waiting
                                 │ Stream                     sink closed ──> waiting
                                 │ Takeover                   run returns ──> closed
        waiting or answering ──fault──> refusing (reads and drops for a moment, so that the refusal arrives) ──> closed
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from functools import partial
from typing import Any, Final, cast

from wherry.api.errors import ApiError, InternalError
from wherry.transport.bodies import BodyWriter
from wherry.transport.deadline import Deadline
from wherry.transport.failures import error_response, fault_response
from wherry.transport.messages import Peer, Reply, Request, Response, Stream, Takeover
from wherry.transport.pipe import TransportPipe
from wherry.transport.service import Service
from wherry.transport.sink import ChunkedSink
from wherry.wire.http import Event, Expect, Fault, Phase, RequestReader
from wherry.wire.httphead import CONTINUE, has_body, sized_head, stream_head

log = logging.getLogger(__name__)

_REST_LIMIT: Final = 64 << 10
"""How much may arrive behind a request for an upgrade before its handler has decided."""


class HttpConnection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client."""

    __slots__ = (
        "_closing",
        "_current",
        "_deadline",
        "_future",
        "_phase",
        "_pipe",
        "_progress",
        "_queue",
        "_reader",
        "_reading_paused",
        "_refusing",
        "_requests",
        "_served",
        "_service",
        "_sink",
        "_stats",
        "_transport",
        "_writer",
        "_writing_paused",
    )

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stats = service.stats
        self._reader = RequestReader(service.settings.limits)
        self._queue: deque[Event] = deque()
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._current: Request | None = None
        self._future: asyncio.Future[Any] | None = None
        self._writer: BodyWriter | None = None
        self._sink: ChunkedSink | None = None
        self._pipe: TransportPipe | None = None
        self._writing_paused = False
        self._reading_paused = False
        self._refusing = False
        self._closing = False
        self._phase = Phase.STOPPED
        self._progress = 0
        self._requests = 0
        self._served = 0
        self._deadline = Deadline(service.clock, self._too_late)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        service = self._service
        stats = self._stats
        stats.connections += 1
        stats.connections_total += 1
        service.connections.add(self)
        settings = service.settings
        if service.is_stopping or stats.connections > settings.connections:
            stats.connections_refused += 1
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=settings.high_water, low=settings.low_water)
        self._reader = RequestReader(settings.limits, partial(Request, peer=_peer_of(self._transport)))
        self._deadline.set(settings.timeouts.head)

    def data_received(self, data: bytes) -> None:
        self._stats.bytes_in += len(data)
        if self._pipe is not None:
            self._pipe.feed(data)
            return
        if self._refusing:
            return
        events = self._reader.feed(data)
        if self._current is None and not self._queue and len(events) == 1 and isinstance(events[0], Request):
            self._serve(events[0])  # What nearly always happens.
        elif events:
            self._queue.extend(events)
            self._advance()
        if self._queue or self._reader.rest_size > _REST_LIMIT:
            self._pause_reading()
        elif self._current is None and not (self._phase is self._reader.phase is Phase.IDLE):
            self._await_more()

    def eof_received(self) -> bool:
        return self._pipe is not None and self._pipe.feed_eof()

    def pause_writing(self) -> None:
        self._writing_paused = True
        for output in (self._sink, self._writer, self._pipe):
            if output is not None:
                output.pause()

    def resume_writing(self) -> None:
        self._writing_paused = False
        for output in (self._sink, self._writer, self._pipe):
            if output is not None:
                output.resume()
        if self._current is None and self._queue:
            self._advance()
            if self._current is None:
                self._await_more()

    def connection_lost(self, error: Exception | None) -> None:
        service = self._service
        service.connections.discard(self)
        self._stats.connections -= 1
        self._deadline.clear()
        self._current = None
        self._queue.clear()
        self._reader.close()
        if self._pipe is not None:
            self._pipe.lose()  # Its task sees the end and returns by itself.
        else:
            self._cancel()
        if self._writer is not None:
            self._writer.stop()
        if self._sink is not None:
            sink, self._sink = self._sink, None
            self._stats.streams -= 1
            sink.end()
        if not service.connections and service.on_empty is not None:
            service.on_empty()

    # What the server calls when it stops.

    def shut_down(self) -> None:
        """Finish what is being answered, begin nothing new, and close."""
        self._queue.clear()
        if self._current is None:
            self._close()
        elif self._sink is not None:
            self._sink.lose()
            self._sink.close()

    def abort(self) -> None:
        """Cut the connection now."""
        self._cancel()
        self._transport.abort()

    # One request after the other.

    def _advance(self) -> None:
        """Answer what waits, as long as answers come at once and the client reads them."""
        queue = self._queue
        while queue and self._current is None and not self._writing_paused and not self._transport.is_closing():
            event = queue.popleft()
            if isinstance(event, Request):
                self._serve(event)
            elif event is Expect.CONTINUE:
                self._transport.write(CONTINUE)
            elif isinstance(event, Fault):
                self._refuse(event)
        if self._reading_paused and not queue and self._reader.rest_size <= _REST_LIMIT:
            self._reading_paused = False
            self._transport.resume_reading()

    def _serve(self, request: Request) -> None:
        self._current = request
        self._requests += 1
        self._stats.requests += 1
        try:
            reply = self._service.handler(request)
        except Exception as error:
            reply = self._failure(error)
        if isinstance(reply, Response):
            self._respond(reply)
            return
        self._phase = Phase.STOPPED
        if isinstance(reply, (Stream, Takeover)):
            self._send(reply)
        elif isinstance(reply, asyncio.Future):
            self._future = reply
            reply.add_done_callback(self._settled)
        else:
            self._future = self._service.tasks.spawn(self._await_reply(request, reply), "request")

    async def _await_reply(self, request: Request, awaitable: Awaitable[Reply]) -> None:
        """Wait for a handler and answer; its failure is an answer too."""
        reply: Reply
        try:
            reply = await awaitable
        except asyncio.CancelledError:
            if self._current is request:
                self._transport.abort()
            raise
        except Exception as error:
            reply = self._failure(error)
        if self._current is request:
            self._future = None
            self._send(reply)
            self._next()

    def _settled(self, future: asyncio.Future[Reply]) -> None:
        """A handler that answered with a plain future has made up its mind."""
        if future is not self._future:
            return  # The client did not wait for it.
        self._future = None
        if future.cancelled():
            self._transport.abort()
            return
        error = future.exception()
        self._send(future.result() if error is None else self._failure(error))
        self._next()

    def _send(self, reply: Reply) -> None:
        if isinstance(reply, Response):
            self._respond(reply)
        elif isinstance(reply, Stream):
            self._stream(reply)
        else:
            self._hand_over(reply)

    def _respond(self, reply: Response) -> None:
        request = self._current
        if request is None:
            return
        service = self._service
        status = reply.status
        body = reply.body
        common = service.heads.common(status, reply.content_type)
        keep_alive = request.keep_alive and not service.is_stopping
        if isinstance(body, bytes):
            length = len(body)
        else:
            length = sum(map(len, body))
        head = sized_head(status, common, reply.headers, length, keep_alive)
        if request.method == "HEAD" or not has_body(status):
            body = b""
        elif length > service.settings.slice:
            self._write_slices(head, body)
            return
        data = head + body if isinstance(body, bytes) else b"".join((head, *body))
        self._stats.bytes_out += len(data)
        self._transport.write(data)
        self._finish()

    def _write_slices(self, head: bytes, body: bytes | list[bytes]) -> None:
        settings = self._service.settings
        self._phase = Phase.STOPPED
        self._progress = 0
        self._deadline.set(settings.timeouts.write)
        self._writer = BodyWriter(self._transport, head, body, settings.slice, self._stats, self._written)
        self._writer.start(self._writing_paused)

    def _written(self) -> None:
        """A large answer is out."""
        self._writer = None
        if self._current is not None:
            self._finish()
            self._next()

    def _stream(self, reply: Stream) -> None:
        request = self._current
        if request is None:
            return
        service = self._service
        keep_alive = request.keep_alive and not service.is_stopping
        common = service.heads.common(reply.status, reply.content_type)
        head = stream_head(common, reply.headers, keep_alive, request.version_11)
        self._transport.write(head)
        if request.method == "HEAD":
            self._finish()
            return
        sink = ChunkedSink(
            self._transport,
            service.flusher,
            service.settings,
            self._stats,
            chunked=request.version_11,
            ended=self._stream_ended,
        )
        self._sink = sink
        self._stats.streams += 1
        if self._writing_paused:
            sink.pause()
        try:
            work = reply.start(sink)
        except Exception:
            log.exception("a stream could not start")
            sink.abort()
            return
        if work is not None:
            self._future = service.tasks.spawn(_run_stream(work, sink), "stream")

    def _stream_ended(self) -> None:
        if self._sink is None:
            return
        self._sink = None
        self._future = None
        self._stats.streams -= 1
        if self._current is not None:
            self._finish()
            self._next()

    def _hand_over(self, reply: Takeover) -> None:
        if self._current is None:
            return
        pipe = TransportPipe(self._transport, self._reader.take_rest())
        self._pipe = pipe
        if self._writing_paused:
            pipe.pause()
        self._deadline.clear()
        self._resume_reading()
        self._future = self._service.tasks.spawn(_run_takeover(reply, pipe), "takeover")

    def _finish(self) -> None:
        """The request in hand has been answered."""
        request = self._current
        assert request is not None
        self._current = None
        if not request.keep_alive or self._service.is_stopping:
            self._queue.clear()
            self._close()
        elif request.is_upgrade:
            self._queue.extend(self._reader.resume())

    def _next(self) -> None:
        """Go on after an answer that did not come at once."""
        if self._current is None and self._pipe is None and not self._transport.is_closing():
            self._advance()
            if self._current is None:
                self._await_more()

    def _failure(self, error: BaseException) -> Response:
        """The answer to a request whose handler raised."""
        if isinstance(error, ApiError):
            return error_response(error)
        request = self._current
        what = f"{request.method} {request.path}" if request is not None else "a request"
        log.error("handler failed on %s", what, exc_info=error)
        return error_response(
            InternalError.of("the request failed in a way that the server did not expect; see its log")
        )

    def _refuse(self, fault: Fault) -> None:
        """Say what was wrong, then read on for a moment: closing at once would destroy the answer on its way."""
        service = self._service
        self._stats.faults += 1
        reply = fault_response(fault, service.settings.limits)
        body = cast("bytes", reply.body)
        common = service.heads.common(reply.status, reply.content_type)
        head = sized_head(reply.status, common, reply.headers, len(body), False)
        self._transport.write(head + body)
        self._refusing = True
        self._queue.clear()
        self._resume_reading()
        self._deadline.set(service.settings.timeouts.linger)

    # Time.

    def _await_more(self) -> None:
        """Give the client its time for what it is in the middle of sending.

        Between two requests the deadline stays where it is; when it passes, `_too_late` looks whether anything was
        asked meanwhile. So a busy connection sets no deadlines, and an idle one ends after one to two idle times.
        """
        phase = self._reader.phase
        if self._refusing or self._closing:
            return
        if phase is self._phase and (phase is Phase.IDLE or self._served == self._requests):
            return
        self._phase = phase
        self._served = self._requests
        timeouts = self._service.settings.timeouts
        if phase is Phase.IDLE:
            self._deadline.set(timeouts.idle)
        elif phase is Phase.HEAD:
            self._deadline.set(timeouts.head)
        elif phase is Phase.BODY:
            self._deadline.set(timeouts.body)

    def _too_late(self) -> None:
        """The deadline has passed; close if something was due from the client."""
        if self._refusing and not self._closing:
            self._close()
        elif self._closing:
            self._transport.abort()
        elif self._writer is not None:
            self._check_progress(self._writer)
        elif self._current is None:
            self._give_up()

    def _give_up(self) -> None:
        """The client let its time pass: close, unless it was busy with whole requests all the while."""
        if self._reader.phase is not Phase.IDLE:
            self._stats.timeouts += 1
        elif self._requests != self._served:
            self._served = self._requests
            self._deadline.set(self._service.settings.timeouts.idle)
            return
        self._close()

    def _close(self) -> None:
        """Close when everything has been sent, for which the client gets a limited time."""
        self._closing = True
        self._transport.close()
        self._deadline.set(self._service.settings.timeouts.write)

    def _check_progress(self, writer: BodyWriter) -> None:
        if writer.written == self._progress:
            self._stats.timeouts += 1
            self._transport.abort()
            return
        self._progress = writer.written
        self._deadline.set(self._service.settings.timeouts.write)

    def _cancel(self) -> None:
        """Nobody waits for the answer any more. A plain future belongs to whoever made it and is left alone."""
        future, self._future = self._future, None
        if isinstance(future, asyncio.Task):
            future.cancel()

    def _pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()


async def _run_stream(work: Awaitable[None], sink: ChunkedSink) -> None:
    """Let a stream's own coroutine run; a failure cuts the connection, or the client would take it for the end."""
    try:
        await work
    except ConnectionError:
        sink.abort()
    except Exception:
        sink.abort()
        raise


async def _run_takeover(reply: Takeover, pipe: TransportPipe) -> None:
    try:
        await reply.run(pipe)
    except ConnectionError:
        pipe.abort()
    finally:
        pipe.close()


def _peer_of(transport: asyncio.Transport) -> Peer:
    name = transport.get_extra_info("peername")
    secure = transport.get_extra_info("ssl_object")
    address = str(name[0]) if isinstance(name, tuple) else ""
    return Peer(address, secure.getpeercert(True) if secure is not None else None)
