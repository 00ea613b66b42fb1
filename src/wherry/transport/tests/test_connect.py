"""The client's connections: kept, used again, replaced, and cut."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from wherry.testing.clock import ManualClock
from wherry.transport.connect import Connector, Endpoint
from wherry.transport.messages import Pipe, Request, Response, Sink, Stream, Takeover
from wherry.transport.server import Server
from wherry.transport.tests.rawclient import Authority, Certificates, Serve, until
from wherry.transport.tls import load_certificate
from wherry.wire.httpclient import ProtocolError


def echo(request: Request) -> Response:
    return Response(200, f"{request.method} {request.path} ".encode() + request.body, "text/plain", (("X-A", "b"),))


@pytest.fixture
async def connector() -> AsyncIterator[Callable[..., Connector]]:
    made: list[Connector] = []

    def make(server: Server, **options: object) -> Connector:
        made.append(Connector(Endpoint("127.0.0.1", server.port), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.close()


Make = Callable[..., Connector]


async def test_requests_share_a_connection(serve: Serve, connector: Make) -> None:
    server = await serve(echo)
    client = connector(server)
    for method, body in (("GET", b""), ("POST", b"data"), ("PUT", b""), ("DELETE", b"")):
        answer = await client.request(method, "/x", (), body)
        assert (answer.status, answer.body) == (200, f"{method} /x ".encode() + body)
        assert answer.headers["x-a"] == "b"
    assert server.stats.connections_total == 1


async def test_head_brings_no_body(serve: Serve, connector: Make) -> None:
    client = connector(await serve(echo))
    answer = await client.request("HEAD", "/x")
    assert (answer.body, answer.headers["content-length"]) == (b"", "8")
    assert (await client.request("GET", "/x")).status == 200


async def test_requests_at_the_same_time_have_connections_of_their_own(serve: Serve, connector: Make) -> None:
    gate = asyncio.Event()

    async def handler(_: Request) -> Response:
        await gate.wait()
        return Response(200)

    server = await serve(handler)
    client = connector(server, max_idle=2)
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(client.request("GET", "/"))
        await until(lambda: server.stats.requests == 5)
        gate.set()
    await until(lambda: server.stats.connections == 2)


async def test_a_body_is_read_as_it_comes(serve: Serve, connector: Make) -> None:
    sinks: list[Sink] = []
    client = connector(await serve(lambda _: Stream(sinks.append)))
    async with await client.open("GET", "/") as incoming:
        for number in range(3):
            sinks[0].write(b"%d" % number)
            assert await incoming.read() == b"%d" % number
        sinks[0].close()
        assert await incoming.read() == b""
        assert await incoming.read() == b""
    assert (await client.open("GET", "/")).status == 200


async def test_a_body_that_nobody_reads_is_not_piled_up(serve: Serve, connector: Make) -> None:
    server = await serve(lambda _: Response(200, [b"x" * 65536] * 800))
    incoming = await connector(server).open("GET", "/")
    sent = -1
    while sent != server.stats.bytes_out:
        sent = server.stats.bytes_out
        await asyncio.sleep(0.02)
    assert sent < 30 << 20
    assert len(await incoming.read_all()) == 800 * 65536


async def test_a_body_that_is_cut_short_is_an_error(serve: Serve, connector: Make) -> None:
    sinks: list[Sink] = []
    client = connector(await serve(lambda _: Stream(sinks.append)))
    async with await client.open("GET", "/") as incoming:
        sinks[0].write(b"some")
        assert await incoming.read() == b"some"
        sinks[0].abort()
        with pytest.raises(ConnectionError):
            await incoming.read()


async def test_leaving_a_body_half_read_cuts_the_connection(serve: Serve, connector: Make) -> None:
    sinks: list[Sink] = []
    server = await serve(lambda _: Stream(sinks.append))
    async with await connector(server).open("GET", "/"):
        await until(lambda: sinks)
    await until(lambda: server.stats.connections == 0)
    assert sinks[0].is_closed


async def test_a_cancelled_request_cuts_the_connection(serve: Serve, connector: Make) -> None:
    server = await serve(lambda _: asyncio.get_running_loop().create_future())
    client = connector(server)
    with pytest.raises(TimeoutError):
        await client.request("GET", "/", timeout=0.02)
    await until(lambda: server.stats.connections == 0)


Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def client_of(answer: Serving) -> AsyncIterator[Connector]:
    """A client of a server that does as it likes."""
    open_ones: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            open_ones.discard(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    client = Connector(Endpoint("127.0.0.1", server.sockets[0].getsockname()[1]))
    try:
        yield client
    finally:
        await client.close()
        server.close()
        await until(lambda: not open_ones)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("method", "survives"), [("GET", True), ("POST", False), ("DELETE", False)])
async def test_a_kept_connection_that_breaks_is_replaced_where_nothing_can_happen_twice(
    method: str, survives: bool
) -> None:
    requests: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close each connection in the moment its second request arrives."""
        for number in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            requests.append(head.split(b" ", 1)[0].decode())
            if number == 0:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with client_of(answer) as client:
        await client.request("GET", "/")
        if survives:
            assert (await client.request(method, "/")).body == b"ok"
            assert requests == ["GET", "GET", "GET"]
        else:
            with pytest.raises(ConnectionError):
                await client.request(method, "/")
            assert requests == ["GET", method]


async def test_a_connection_that_the_server_closed_is_not_used_again(serve: Serve, connector: Make) -> None:
    server = await serve(echo)
    client = connector(server)
    await client.request("POST", "/")
    for connection in tuple(server._service.connections):
        connection.abort()
    await asyncio.sleep(0.01)
    assert (await client.request("POST", "/")).status == 200
    assert server.stats.connections_total == 2


async def test_idle_connections_are_closed_in_time(serve: Serve, connector: Make) -> None:
    clock = ManualClock()
    server = await serve(echo)
    client = connector(server, clock=clock, idle_seconds=60)
    await client.request("GET", "/")
    await clock.advance(59)
    assert server.stats.connections == 1
    await client.request("GET", "/")
    await clock.advance(59)
    assert server.stats.connections == 1
    await clock.advance(61)
    await until(lambda: server.stats.connections == 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"garbage\r\n\r\n", id="garbage"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="an upgrade nobody asked for"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * (2 << 20), id="endless head"),
    ],
)
async def test_a_server_that_speaks_no_http(data: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await reader.read()

    async with client_of(answer) as client:
        with pytest.raises(ProtocolError):
            await client.request("GET", "/", timeout=5)


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nall of it")

    async with client_of(answer) as client:
        assert (await client.request("GET", "/")).body == b"all of it"


async def test_nobody_listens() -> None:
    client = Connector(Endpoint("127.0.0.1", 1))
    with pytest.raises(ConnectionRefusedError):
        await client.request("GET", "/")
    await client.close()
    with pytest.raises(ConnectionError, match="closed"):
        await client.request("GET", "/")


async def test_tls_with_a_certificate_of_our_own(serve: Serve, certificates: Certificates, tmp_path: Path) -> None:
    seen: list[bytes | None] = []

    def handler(request: Request) -> Response:
        seen.append(request.peer.certificate)
        return Response(200)

    server = await serve(handler, tls=certificates.server_context())
    context = certificates.client_context()
    client = Connector(Endpoint("127.0.0.1", server.port, context))
    await client.request("GET", "/")
    await client.request("GET", "/")
    load_certificate(context, *certificates.server)  # Another certificate of the same authority.
    client.reset()
    await client.request("GET", "/")
    await client.close()
    assert seen[0] == seen[1] != seen[2]
    stranger = Connector(
        Endpoint(
            "127.0.0.1",
            server.port,
            Certificates(tmp_path, Authority(tmp_path).path, certificates.server, certificates.client).client_context(
                anonymous=True
            ),
        )
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        await stranger.request("GET", "/")
    await stranger.close()


async def test_the_name_on_the_certificate_counts(serve: Serve, certificates: Certificates) -> None:
    server = await serve(echo, tls=certificates.server_context())
    client = Connector(Endpoint("127.0.0.1", server.port, certificates.client_context(), "another.test"))
    with pytest.raises(ssl.SSLCertVerificationError):
        await client.request("GET", "/")
    await client.close()


async def test_a_unix_socket(tmp_path: Path) -> None:
    server = Server(echo)
    await server.start_unix(tmp_path / "s")
    client = Connector(Endpoint("localhost", 0, path=str(tmp_path / "s")))
    assert (await client.request("GET", "/x")).body == b"GET /x "
    await client.close()
    await server.stop(0)


UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "raw"))


async def test_an_upgrade_gives_the_raw_connection(serve: Serve, connector: Make) -> None:
    async def run(pipe: Pipe) -> None:
        pipe.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nhello ")
        while data := await pipe.read():
            pipe.write(data[::-1])

    client = connector(await serve(lambda _: Takeover(run)))
    incoming, pipe = await client.upgrade("POST", "/", UPGRADE)
    assert incoming.status == 101
    assert pipe is not None
    data = b""
    while len(data) < 6:
        data += await pipe.read()
    assert data == b"hello "
    pipe.write(b"abc")
    assert await pipe.read() == b"cba"
    pipe.write_eof()
    assert await pipe.read() == b""


async def test_an_upgrade_that_is_refused_is_an_ordinary_answer(serve: Serve, connector: Make) -> None:
    client = connector(await serve(echo))
    incoming, pipe = await client.upgrade("POST", "/x", UPGRADE)
    assert pipe is None
    assert await incoming.read_all() == b"POST /x "


def test_endpoints_as_text() -> None:
    assert str(Endpoint("::1", 443)) == "[::1]:443"
    assert str(Endpoint("h", 80)) == "h:80"
    assert str(Endpoint("", 0, path="/run/s")) == "/run/s"
