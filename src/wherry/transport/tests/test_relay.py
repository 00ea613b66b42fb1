"""Two raw connections joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from wherry.transport.connect import Endpoint
from wherry.transport.messages import Reply, Request, Response
from wherry.transport.pipe import TransportPipe
from wherry.transport.relay import relay, relay_stream, send_on
from wherry.transport.tests.rawclient import Serve, connected


class Loose(asyncio.Transport):
    """A transport that keeps what is written; the test plays the other end of it."""

    def __init__(self, *, can_half_close: bool = True) -> None:
        super().__init__()
        self.pipe = TransportPipe(self)
        self.written = b""
        self.is_ended = False
        self.is_closed = False
        self.is_paused = False
        self._can_half_close = can_half_close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_ended
        self.written += data

    def can_write_eof(self) -> bool:
        return self._can_half_close

    def write_eof(self) -> None:
        self.is_ended = True

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.pipe.lose()

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


@asynccontextmanager
async def relaying(one: Loose, other: Loose) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.TaskGroup() as group:
        yield group.create_task(relay(one.pipe, other.pipe))


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def test_each_direction_ends_by_itself() -> None:
    one, other = Loose(), Loose()
    async with relaying(one, other):
        one.pipe.feed(b"question")
        one.pipe.feed_eof()
        await settle()
        assert (other.written, other.is_ended, other.is_closed) == (b"question", True, False)
        other.pipe.feed(b"answer")
        other.pipe.feed_eof()
    assert one.written == b"answer"
    assert one.is_closed
    assert other.is_closed


async def test_where_no_direction_can_end_alone_the_whole_ends() -> None:
    one, other = Loose(can_half_close=False), Loose()
    async with relaying(one, other):
        one.pipe.feed(b"last")
        one.pipe.feed_eof()
    assert other.written == b"last"
    assert one.is_closed
    assert other.is_closed


async def test_a_connection_that_breaks_takes_the_other_with_it() -> None:
    one, other = Loose(), Loose()
    async with relaying(one, other):
        one.pipe.lose()
    assert other.is_closed


async def test_nothing_is_read_faster_than_it_is_taken() -> None:
    one, other = Loose(), Loose()
    async with relaying(one, other):
        other.pipe.pause()
        one.pipe.feed(b"x")
        await settle()
        for _ in range(5):
            one.pipe.feed(b"y" * 100_000)
        await settle()
        assert other.written == b"x"
        assert one.is_paused
        other.pipe.resume()
        await settle()
        assert len(other.written) == 500_001
        is_paused: bool = one.is_paused
        assert not is_paused
        one.pipe.feed_eof()
        other.pipe.feed_eof()


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=30)), max_size=20))
def test_everything_arrives_in_order(pieces: list[tuple[bool, bytes]]) -> None:
    async def run() -> None:
        one, other = Loose(), Loose()
        async with relaying(one, other):
            for is_first, data in pieces:
                (one if is_first else other).pipe.feed(data)
                await asyncio.sleep(0)
            one.pipe.feed_eof()
            other.pipe.feed_eof()
        assert other.written == b"".join(data for is_first, data in pieces if is_first)
        assert one.written == b"".join(data for is_first, data in pieces if not is_first)

    asyncio.run(run())


async def test_a_request_is_sent_on_and_its_answer_streamed(serve: Serve) -> None:
    def target(request: Request) -> Response:
        text = f"{request.method} {request.path}?{request.query} {request.headers.get('x-b')}".encode()
        assert "authorization" not in request.headers
        return Response(203, text + request.body, "text/plain", (("X-Target", "yes"),))

    behind = await serve(target)
    front: Callable[[Request], object] = lambda request: relay_stream(  # noqa: E731
        request, Endpoint("127.0.0.1", behind.port), "/there?x", (("X-B", "c"),)
    )
    async with connected(await serve(front)) as client:
        client.send(b"PUT /here HTTP/1.1\r\nHost: h\r\nAuthorization: me\r\nContent-Length: 2\r\n\r\nhi")
        status, headers = await client.head()
        assert (status, headers["x-target"], headers["content-type"]) == (203, "yes", "text/plain")
        assert await client.chunk() == b"PUT /there?x chi"
        assert await client.chunk() == b""
        client.send(b"HEAD /here HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.response())[0] == 203


async def test_an_answer_can_be_looked_at_first(serve: Serve) -> None:
    behind = await serve(lambda _: Response(400, b"no such thing" * 100, "text/plain"))

    async def front(request: Request) -> Reply:
        onward = await send_on(request, Endpoint("127.0.0.1", behind.port), "/")
        assert onward.status == 400
        return Response(200, (await onward.text(13)).encode())

    async with connected(await serve(front)) as client:
        await client.get("/")
        assert (await client.response())[2] == b"no such thing"
