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
from typing import Any, Final, Protocol, cast

from wherry.transport.bodies import BodyWriter
from wherry.transport.failures import failure_response
from wherry.transport.messages import Reply, Request, Response, Stream, Takeover
from wherry.transport.patience import GiveUp, Patience
from wherry.transport.pipe import TransportPipe
from wherry.transport.reading import Reading
from wherry.transport.replies import refusal, response_head, streaming_head
from wherry.transport.running import close_with, peer_of, run_stream, run_takeover
from wherry.transport.service import Service
from wherry.transport.sink import ChunkedSink
from wherry.transport.sockets import keep_alive
from wherry.wire.http import Event, Expect, Fault, RequestReader
from wherry.wire.httphead import CONTINUE, has_body

log = logging.getLogger(__name__)

_REST_LIMIT: Final = 64 << 10
"""How much may arrive behind a request for an upgrade before its handler has decided."""


class Output(Protocol):
    """What writes for longer than one call, and so must hear of the transport's moods."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def lose(self) -> None: ...


class HttpConnection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client."""

    # fmt: off
    __slots__ = (
        "__weakref__", "_current", "_future", "_output", "_patience", "_pipe", "_queue", "_reader", "_reading",
        "_refusing", "_service", "_stats", "_transport", "_writing_paused",
    )
    # fmt: on

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stats = service.stats
        self._reader = RequestReader(service.settings.limits)
        self._queue: deque[Event] = deque()
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._current: Request | None = None
        self._future: asyncio.Future[Any] | None = None
        self._output: Output | None = None
        self._pipe: TransportPipe | None = None
        self._writing_paused = False
        self._refusing = False
        self._patience = Patience(service.clock, service.settings.timeouts, self._give_up)

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
        keep_alive(self._transport)
        self._reading = Reading(self._transport)
        self._reader = RequestReader(settings.limits, partial(Request, peer=peer_of(self._transport)))
        self._patience.begin()

    def data_received(self, data: bytes) -> None:
        self._stats.bytes_in += len(data)
        if self._pipe is not None:
            self._pipe.feed(data)
            return
        if self._refusing:
            return
        reader = self._reader
        events = reader.feed(data)
        if self._current is None and not self._queue and len(events) == 1 and isinstance(events[0], Request):
            self._serve(events[0])  # What nearly always happens.
        elif events:
            self._queue.extend(events)
        if self._queue:
            self._advance()
        if self._queue or reader.rest_size > _REST_LIMIT:
            self._reading.pause()
        elif self._current is None and not self._patience.is_idling(reader.phase):
            self._patience.await_more(reader.phase)

    def eof_received(self) -> bool:
        return self._pipe is not None and self._pipe.feed_eof()

    def pause_writing(self) -> None:
        self._writing_paused = True
        if self._output is not None:
            self._output.pause()

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._output is not None:
            self._output.resume()
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        service = self._service
        service.connections.discard(self)
        self._stats.connections -= 1
        self._patience.end()
        self._current = None
        self._queue.clear()
        self._reader.close()
        if self._pipe is None:
            self._cancel()  # A takeover sees the end of its pipe and returns by itself.
        output, self._output = self._output, None
        if isinstance(output, ChunkedSink):
            self._stats.streams -= 1
        if output is not None:
            output.lose()
        if not service.connections and service.on_empty is not None:
            service.on_empty()

    # What the server calls when it stops.

    def shut_down(self) -> None:
        """Finish what is being answered, begin nothing new, and close."""
        self._queue.clear()
        if self._current is None:
            self._close()
        elif isinstance(self._output, ChunkedSink):
            self._output.stop()

    @property
    def in_hand(self) -> Request | None:
        """The request that is being answered."""
        return self._current

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
        if not queue and self._reader.rest_size <= _REST_LIMIT:
            self._reading.resume()

    def _next(self) -> None:
        """Go on after an answer that did not come at once."""
        if self._current is None and not self._transport.is_closing():
            self._advance()
            if self._current is None:
                self._patience.await_more(self._reader.phase)

    def _serve(self, request: Request) -> None:
        self._current = request
        self._patience.requests += 1
        self._stats.requests += 1
        try:
            reply = self._service.handler(request)
        except Exception as error:
            reply = failure_response(error, request)
        if isinstance(reply, Response):
            self._respond(request, reply)
            return
        self._patience.answer()
        if isinstance(reply, (Stream, Takeover)):
            self._send(request, reply)
        elif isinstance(reply, asyncio.Future):
            self._future = reply
            reply.add_done_callback(partial(self._settled, request))
        else:
            self._future = close_with(self._service.tasks.spawn(self._await_reply(request, reply), "request"), reply)

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
            reply = failure_response(error, request)
        if self._current is request:
            self._future = None
            self._send(request, reply)
            self._next()

    def _settled(self, request: Request, future: asyncio.Future[Reply]) -> None:
        """A handler that answered with a plain future has made up its mind."""
        if self._current is not request:
            return  # The client did not wait for it.
        self._future = None
        if future.cancelled():
            self._transport.abort()
            return
        error = future.exception()
        self._send(request, future.result() if error is None else failure_response(error, request))
        self._next()

    def _finish(self, request: Request) -> None:
        """The request in hand has been answered."""
        self._current = None
        if not request.keep_alive or self._service.is_stopping:
            self._queue.clear()
            self._close()
        elif request.is_upgrade:
            self._queue.extend(self._reader.resume())

    def _send(self, request: Request, reply: Reply) -> None:
        if isinstance(reply, Response):
            self._respond(request, reply)
        elif isinstance(reply, Stream):
            self._stream(request, reply)
        else:
            self._hand_over(reply)

    def _respond(self, request: Request, reply: Response) -> None:
        body = reply.body
        length = len(body) if isinstance(body, bytes) else sum(map(len, body))
        head = response_head(self._service, request, reply, length)
        if request.method == "HEAD" or not has_body(reply.status):
            body = b""
        elif length > self._service.settings.slice:
            self._write_slices(request, head, body)
            return
        data = head + body if isinstance(body, bytes) else b"".join((head, *body))
        self._stats.bytes_out += len(data)
        self._transport.write(data)
        self._finish(request)

    def _write_slices(self, request: Request, head: bytes, body: bytes | list[bytes]) -> None:
        size = self._service.settings.slice
        writer = BodyWriter(self._transport, head, body, size, self._stats, done=partial(self._ended, request))
        self._output = writer
        self._patience.write(writer.written)
        writer.start(self._writing_paused)

    def _stream(self, request: Request, reply: Stream) -> None:
        service = self._service
        self._transport.write(streaming_head(service, request, reply))
        if request.method == "HEAD":
            self._finish(request)
            return
        sink = ChunkedSink(
            self._transport,
            service.flusher,
            service.settings,
            self._stats,
            chunked=request.version_11,
            ended=partial(self._ended, request),
        )
        self._output = sink
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
            self._future = close_with(service.tasks.spawn(run_stream(work, sink), "stream"), work)

    def _ended(self, request: Request) -> None:
        """A stream has been closed, or a large answer is out."""
        output, self._output = self._output, None
        self._future = None
        if isinstance(output, ChunkedSink):
            self._stats.streams -= 1
        self._finish(request)
        self._next()

    def _hand_over(self, reply: Takeover) -> None:
        pipe = self._pipe = TransportPipe(self._transport, self._reader.take_rest())
        self._output = pipe
        if self._writing_paused:
            pipe.pause()
        self._patience.end()
        self._reading.resume()
        self._future = self._service.tasks.spawn(run_takeover(reply, pipe), "takeover")

    def _refuse(self, fault: Fault) -> None:
        """Say what was wrong, then read on for a moment: closing at once would destroy the answer on its way."""
        self._stats.faults += 1
        self._transport.write(refusal(self._service, fault))
        self._refusing = True
        self._queue.clear()
        self._reading.resume()
        self._patience.linger()

    # The end, and flow control.

    def _give_up(self, how: GiveUp) -> None:
        """The client's time is over."""
        self._stats.timeouts += how is not GiveUp.CLOSE
        if how is GiveUp.ABORT:
            self._transport.abort()
        else:
            self._close()

    def _close(self) -> None:
        """Close when everything has been sent, for which the client gets a limited time."""
        self._patience.close()
        self._transport.close()

    def _cancel(self) -> None:
        """Nobody waits for the answer any more. A plain future belongs to whoever made it and is left alone."""
        future, self._future = self._future, None
        if isinstance(future, asyncio.Task):
            future.cancel()
