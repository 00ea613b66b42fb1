"""A connection's conversation, on real sockets: order, limits, streams, takeovers, and clients that misbehave."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable

import pytest

from wherry.api.errors import Conflict, TooManyRequests
from wherry.testing.clock import ManualClock
from wherry.transport.connection import HttpConnection
from wherry.transport.messages import Pipe, Reply, Request, Response, Sink, Stream, Takeover
from wherry.transport.settings import Settings, Timeouts
from wherry.transport.tests.rawclient import Serve, connected, until
from wherry.wire.http import Limits


def echo(request: Request) -> Response:
    """Says what came."""
    text = f"{request.method} {request.path}?{request.query} ".encode()
    return Response(200, text + request.body, "text/plain")


async def test_a_request_is_answered_and_the_connection_kept(serve: Serve) -> None:
    async with connected(await serve(echo)) as client:
        for number in range(3):
            await client.get(f"/{number}?x")
            status, headers, body = await client.response()
            assert (status, body) == (200, f"GET /{number}?x ".encode())
            assert headers["content-type"] == "text/plain"
            assert "date" in headers
            assert "connection" not in headers


async def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def slow(number: int) -> Response:
        await gates[number].wait()
        return Response(200, str(number).encode())

    def handler(request: Request) -> Reply | Awaitable[Reply]:
        number = int(request.path[1:])
        return Response(200, b"at once") if number == 1 else slow(number)

    async with connected(await serve(handler)) as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(3)))
        gates[2].set()
        gates[0].set()
        assert [(await client.response())[2] for _ in range(3)] == [b"0", b"at once", b"2"]


async def test_many_pipelined_requests_are_read_no_faster_than_answered(serve: Serve) -> None:
    begun: list[str] = []

    async def handler(request: Request) -> Response:
        begun.append(request.path)
        await asyncio.sleep(0)
        return Response(200, b"x" * 1000)

    async with connected(await serve(handler)) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 500)
        for _ in range(500):
            assert (await client.response())[0] == 200


async def test_a_future_answers_without_a_task(serve: Serve) -> None:
    pending: list[asyncio.Future[Reply]] = []

    def handler(_: Request) -> Awaitable[Reply]:
        pending.append(asyncio.get_running_loop().create_future())
        return pending[-1]

    async with connected(await serve(handler)) as client:
        await client.get("/")
        await until(lambda: pending)
        pending[0].set_result(Response(201, b"done"))
        assert (await client.response())[::2] == (201, b"done")


async def test_a_future_outlives_a_client_that_went_away(serve: Serve) -> None:
    """It may be a write that has been ordered; it is not ours to cancel."""
    pending: list[asyncio.Future[Reply]] = []

    def handler(_: Request) -> Awaitable[Reply]:
        pending.append(asyncio.get_running_loop().create_future())
        return pending[-1]

    server = await serve(handler)
    async with connected(server) as client:
        await client.get("/")
        await until(lambda: pending)
        client.abort()
        await until(lambda: server.stats.connections == 0)
    assert not pending[0].cancelled()
    pending[0].set_result(Response(200))


async def test_the_task_of_a_client_that_went_away_is_cancelled(serve: Serve) -> None:
    ended = asyncio.Event()

    async def handler(_: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    server = await serve(handler)
    async with connected(server) as client:
        await client.get("/")
        await until(lambda: server.stats.requests)
        client.abort()
        await ended.wait()


@pytest.mark.parametrize("awaited", [False, True], ids=["at once", "later"])
async def test_what_a_handler_raises_becomes_a_status(
    serve: Serve, awaited: bool, caplog: pytest.LogCaptureFixture
) -> None:
    errors: dict[str, Exception] = {
        "/conflict": Conflict("no"),
        "/later": TooManyRequests.retry_after("busy", 7),
        "/bug": ZeroDivisionError("secret"),
    }

    async def fail(request: Request) -> Response:
        raise errors[request.path]

    def handler(request: Request) -> Reply | Awaitable[Reply]:
        if awaited:
            return fail(request)
        raise errors[request.path]

    async with connected(await serve(handler)) as client:
        await client.get("/conflict")
        status, headers, body = await client.response()
        assert status == 409
        assert b'"reason":"Conflict"' in body
        await client.get("/later")
        status, headers, _ = await client.response()
        assert (status, headers["retry-after"]) == (429, "7")
        await client.get("/bug")
        status, _, body = await client.response()
        assert status == 500
        assert b"secret" not in body
    assert "ZeroDivisionError" in caplog.text


async def test_a_body_is_waited_for_and_permission_given(serve: Serve) -> None:
    async with connected(await serve(echo)) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert (await client.head())[0] == 100
        client.send(b"body")
        assert (await client.response())[2] == b"PUT /x? body"


async def test_an_upload_that_breaks_off_reaches_no_handler(serve: Serve) -> None:
    server = await serve(echo)
    async with connected(server) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 400\r\n\r\nhalf")
        await until(lambda: server.stats.bytes_in)
        client.abort()
        await until(lambda: server.stats.connections == 0)
    assert server.stats.requests == 0


async def test_a_body_that_is_too_large_is_refused_as_upstream_does(serve: Serve) -> None:
    settings = Settings(limits=Limits(body=1000), timeouts=Timeouts(linger=0.02))
    server = await serve(echo, settings)
    async with connected(server) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        status, headers, body = await client.response()
        assert status == 413
        assert headers["connection"] == "close"
        assert b'"message":"Request entity too large: limit is 1000"' in body
        assert b'"reason":"RequestEntityTooLarge"' in body
        await until(lambda: server.stats.connections == 0)
    assert server.stats.requests == 0


async def test_garbage_is_refused_and_the_connection_closed(serve: Serve) -> None:
    server = await serve(echo, Settings(timeouts=Timeouts(linger=0.02)))
    async with connected(server) as client:
        client.send(b"\x00\x01\x02garbage\r\n\r\n")
        status, headers, body = await client.response()
        assert (status, headers["connection"], body) == (400, "close", b"400 Bad Request")
        await until(lambda: server.stats.connections == 0)
    assert server.stats.faults == 1


async def test_garbage_behind_requests_does_not_hide_their_answers(serve: Serve) -> None:
    async with connected(await serve(echo)) as client:
        client.send(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\ngarbage\r\n\r\n")
        assert [(await client.response())[0] for _ in range(3)] == [200, 200, 400]


async def test_head_has_the_length_but_no_body(serve: Serve) -> None:
    async with connected(await serve(echo)) as client:
        client.send(b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.head())[1]["content-length"] == str(len("HEAD /x? "))
        assert (await client.response())[2] == b"GET /y? "


async def test_a_large_answer_comes_whole(serve: Serve) -> None:
    pieces = [bytes([number % 251]) * 997 for number in range(6000)]

    def handler(request: Request) -> Response:
        return Response(200, pieces if request.path == "/many" else b"".join(pieces))

    async with connected(await serve(handler)) as client:
        for path in ("/many", "/one", "/many"):
            await client.get(path)
            assert (await client.response())[2] == b"".join(pieces)


async def test_others_are_served_while_a_large_answer_waits_for_its_reader(serve: Serve) -> None:
    pieces = [b"x" * 65536] * 800

    def handler(request: Request) -> Response:
        return Response(200, pieces if request.path == "/large" else b"small")

    server = await serve(handler)
    async with connected(server) as lazy, connected(server) as client:
        await lazy.get("/large")
        await until(lambda: server.stats.bytes_out)
        await client.get("/")
        assert (await client.response())[2] == b"small"
        assert server.stats.bytes_out < 30 << 20
        assert len((await lazy.response())[2]) == 800 * 65536


async def test_a_reader_that_takes_nothing_of_a_large_answer_is_cut(serve: Serve) -> None:
    clock = ManualClock()
    server = await serve(lambda _: Response(200, [b"x" * 65536] * 800), None, None, clock=clock)
    async with connected(server) as client:
        await client.get("/")
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: server.stats.bytes_out)
        sent = -1
        while sent != server.stats.bytes_out:
            sent = server.stats.bytes_out
            await asyncio.sleep(0.02)
        await clock.advance(61)
        await clock.advance(61)
        await until(lambda: server.stats.connections == 0)
    assert server.stats.timeouts == 1


class Streams:
    """A handler whose streams the test holds in its hands."""

    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        self.closed = 0

    def __call__(self, _: Request) -> Stream:
        return Stream(self._start)

    def _start(self, sink: Sink) -> None:
        self.sinks.append(sink)
        sink.on_close(self._count)

    def _count(self) -> None:
        self.closed += 1


async def test_a_stream_is_written_bit_by_bit_and_the_connection_kept(serve: Serve) -> None:
    streams = Streams()
    async with connected(await serve(streams)) as client:
        for _ in range(2):
            await client.get("/")
            status, headers = await client.head()
            assert (status, headers["transfer-encoding"]) == (200, "chunked")
            sink = streams.sinks.pop()
            sink.write(b"one")
            sink.write(b"two")
            assert await client.chunk() == b"onetwo"
            sink.write(b"three")
            sink.close()
            assert [await client.chunk(), await client.chunk()] == [b"three", b""]
    assert streams.closed == 0


async def test_a_stream_to_http_1_0_ends_with_the_connection(serve: Serve) -> None:
    streams = Streams()
    async with connected(await serve(streams)) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        _, headers = await client.head()
        assert "transfer-encoding" not in headers
        streams.sinks[0].write(b"plain")
        streams.sinks[0].close()
        assert await client.rest() == b"plain"


async def test_the_owner_of_a_stream_hears_that_its_reader_is_gone(serve: Serve) -> None:
    streams = Streams()
    server = await serve(streams)
    async with connected(server) as client:
        await client.get("/")
        await client.head()
        assert server.stats.streams == 1
        client.abort()
        await until(lambda: streams.closed)
    sink = streams.sinks[0]
    assert sink.is_closed
    sink.write(b"into the void")
    late: list[bool] = []
    sink.on_close(lambda: late.append(True))
    assert late == [True]
    with pytest.raises(ConnectionError):
        await sink.drain()
    assert server.stats.streams == 0


async def test_a_stream_that_fails_is_cut_not_ended(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def start(sink: Sink) -> None:
        sink.write(b"some")
        await asyncio.sleep(0)
        raise RuntimeError("lost the thread")

    async with connected(await serve(lambda _: Stream(start))) as client:
        await client.get("/")
        await client.head()
        assert b"0\r\n\r\n" not in await client.rest()
    assert "lost the thread" in caplog.text


async def test_a_watcher_that_never_reads_costs_bounded_memory(serve: Serve) -> None:
    streams = Streams()
    settings = Settings(stream_backlog=1 << 20)
    server = await serve(streams, settings)
    async with connected(server) as client:
        await client.get("/")
        await client.head()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        sink = streams.sinks[0]
        written = 0
        event = b"e" * 10_000
        while not sink.is_closed:
            sink.write(event)
            written += 1
            if written % 10 == 0:
                await asyncio.sleep(0)
            assert written < 10_000
        assert server.stats.slow_readers == 1
        await until(lambda: server.stats.connections == 0)
    assert streams.closed == 1


async def test_a_paused_stream_tells_when_it_can_go_on(serve: Serve) -> None:
    streams = Streams()
    server = await serve(streams)
    async with connected(server) as client:
        await client.get("/")
        await client.head()
        sink = streams.sinks[0]
        resumed: list[bool] = []
        sink.on_resume(lambda: resumed.append(True))
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        written = 0
        while not sink.is_paused:
            sink.write(b"x" * 65536)
            written += 65536
            await asyncio.sleep(0)
        sink.write(b"last")
        drained = asyncio.ensure_future(sink.drain())  # noqa: TID251  # the test itself waits for it
        client.reader._transport.resume_reading()  # type: ignore[attr-defined]
        received = 0
        while received < written + 4:
            received += len(await client.chunk())
        await drained
        assert resumed
        assert not sink.is_paused


async def test_who_waits_for_a_slow_reader_is_told_when_the_stream_ends(serve: Serve) -> None:
    streams = Streams()
    server = await serve(streams)
    async with connected(server) as client:
        await client.get("/")
        await client.head()
        sink = streams.sinks[0]
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        while not sink.is_paused:
            sink.write(b"x" * 65536)
            await asyncio.sleep(0)
        drained = asyncio.ensure_future(sink.drain())  # noqa: TID251  # the test itself waits for it
        await asyncio.sleep(0)
        sink.close()
        await asyncio.wait_for(drained, 1)


UPGRADE = b"POST /exec HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n"


async def shout(pipe: Pipe) -> None:
    """Says hello, then repeats everything in capitals until the other end has finished."""
    pipe.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
    while data := await pipe.read():
        pipe.write(data.upper())
        await pipe.drain()
    pipe.write(b"!")


async def test_a_takeover_has_the_raw_connection_both_ways(serve: Serve) -> None:
    async with connected(await serve(lambda _: Takeover(shout))) as client:
        client.send(UPGRADE + b"early ")
        assert (await client.head())[0] == 101
        assert await client.reader.readexactly(6) == b"EARLY "
        client.send(b"late")
        assert await client.reader.readexactly(4) == b"LATE"
        client.writer.write_eof()
        assert await client.rest() == b"!"


async def test_a_takeover_can_be_decided_later_while_bytes_arrive(serve: Serve) -> None:
    gate = asyncio.Event()

    async def handler(_: Request) -> Takeover:
        await gate.wait()
        return Takeover(shout)

    server = await serve(handler)
    async with connected(server) as client:
        client.send(UPGRADE)
        await until(lambda: server.stats.requests)
        client.send(b"x" * 300_000)
        await until(lambda: server.stats.bytes_in > 100_000)
        gate.set()
        assert (await client.head())[0] == 101
        assert await client.reader.readexactly(300_000) == b"X" * 300_000


async def test_http_goes_on_when_an_upgrade_is_declined(serve: Serve) -> None:
    async with connected(await serve(echo)) as client:
        client.send(UPGRADE + b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.response())[2] == b"POST /exec? "
        assert (await client.response())[2] == b"GET /next? "


@pytest.mark.parametrize(
    ("sent", "seconds", "timeouts"),
    [
        pytest.param(b"", 33, 1, id="nothing at all"),
        pytest.param(b"GET / HT", 33, 1, id="half a head"),
        pytest.param(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf", 61, 1, id="half a body"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 181, 0, id="idle after a request"),
    ],
)
async def test_a_client_that_lets_its_time_pass_is_closed(
    serve: Serve, sent: bytes, seconds: float, timeouts: int
) -> None:
    clock = ManualClock()
    server = await serve(echo, None, None, clock=clock)
    async with connected(server) as client:
        client.send(sent)
        await until(lambda: server.stats.connections and server.stats.bytes_in == len(sent))
        await clock.advance(31)
        assert server.stats.connections == 1
        await clock.advance(seconds - 31)
        await client.rest()
        await until(lambda: server.stats.connections == 0)
    assert server.stats.timeouts == timeouts


async def test_a_slow_loris_gains_nothing_by_dribbling(serve: Serve) -> None:
    clock = ManualClock()
    server = await serve(echo, None, None, clock=clock)
    async with connected(server) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
        for number in range(4):
            client.send(b"X-%d: y\r\n" % number)
            await asyncio.sleep(0.01)
            await clock.advance(9)
        await until(lambda: server.stats.connections == 0)
    assert server.stats.timeouts == 1


async def test_a_handler_may_take_longer_than_any_timeout(serve: Serve) -> None:
    clock = ManualClock()
    gate = asyncio.Event()

    async def handler(_: Request) -> Response:
        await gate.wait()
        return Response(200, b"at last")

    server = await serve(handler, None, None, clock=clock)
    async with connected(server) as client:
        await client.get("/")
        await until(lambda: server.stats.requests)
        await clock.advance(1000)
        gate.set()
        assert (await client.response())[2] == b"at last"


async def test_nothing_of_a_connection_stays_behind(serve: Serve) -> None:
    """Connections are freed by themselves: collecting them would hold up everyone once in a while."""
    server = await serve(echo)
    gone: list[weakref.ref[HttpConnection]] = []
    gc.disable()
    try:
        async with connected(server) as client:
            await client.get("/")
            await client.response()
            gone = [weakref.ref(one) for one in server._service.connections if isinstance(one, HttpConnection)]
        await until(lambda: server.stats.connections == 0)
        await asyncio.sleep(0.01)
        assert [ref() for ref in gone] == [None]
    finally:
        gc.enable()
