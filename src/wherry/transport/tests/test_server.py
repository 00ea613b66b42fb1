"""Listening, TLS, client certificates, and stopping in an orderly way."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from pathlib import Path

import pytest

from wherry.transport.messages import Peer, Pipe, Request, Response, Sink, Stream, Takeover
from wherry.transport.server import Server
from wherry.transport.settings import Settings
from wherry.transport.tests.rawclient import Authority, Certificates, Serve, connected, until
from wherry.transport.tls import client_context, load_certificate


def hello(_: Request) -> Response:
    return Response(200, b"hello")


async def test_a_client_certificate_reaches_the_handler(serve: Serve, certificates: Certificates) -> None:
    peers: list[Peer] = []

    def handler(request: Request) -> Response:
        peers.append(request.peer)
        return Response(200)

    server = await serve(handler, tls=certificates.server_context())
    for anonymous in (False, True):
        async with connected(server, certificates.client_context(anonymous=anonymous)) as client:
            await client.get("/")
            assert (await client.response())[0] == 200
            assert client.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    assert peers[0].certificate == ssl.PEM_cert_to_DER_cert(certificates.client[0].read_text())
    assert peers[1].certificate is None
    assert peers[0].address == "127.0.0.1"


async def test_a_peer_lasts_as_long_as_its_connection(serve: Serve) -> None:
    def handler(request: Request) -> Response:
        request.peer.identity = (request.peer.identity or 0) + 1
        return Response(200, str(request.peer.identity).encode())

    async with connected(await serve(handler)) as client:
        await client.get("/")
        await client.response()
        await client.get("/")
        assert (await client.response())[2] == b"2"


async def test_a_renewed_certificate_serves_new_handshakes(serve: Serve, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificates = Certificates(tmp_path, authority.path, authority.issue("old"), authority.issue("client"))
    context = certificates.server_context()
    server = await serve(hello, tls=context)
    async with connected(server, certificates.client_context()) as before:
        load_certificate(context, *authority.issue("new"))
        async with connected(server, certificates.client_context()) as after:
            names = [one.writer.get_extra_info("peercert")["subject"][0][0][1] for one in (before, after)]
            assert names == ["old", "new"]
            await before.get("/")
            assert (await before.response())[0] == 200


async def test_a_stranger_is_not_trusted(serve: Serve, certificates: Certificates, tmp_path: Path) -> None:
    server = await serve(hello, tls=certificates.server_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        async with connected(server, client_context(Authority(tmp_path).path)):
            pass
    assert server.stats.requests == 0


async def test_a_large_answer_and_a_stream_over_tls(serve: Serve, certificates: Certificates) -> None:
    sinks: list[Sink] = []
    body = [b"x" * 9999] * 400

    def handler(request: Request) -> Response | Stream:
        return Stream(sinks.append) if request.path == "/stream" else Response(200, body)

    server = await serve(handler, tls=certificates.server_context())
    async with connected(server, certificates.client_context()) as client:
        await client.get("/")
        assert (await client.response())[2] == b"".join(body)
        await client.get("/stream")
        await client.head()
        for number in range(50):
            sinks[0].write(b"%d" % number * 10_000)
            assert await client.chunk() == b"%d" % number * 10_000


async def test_many_connections_at_once(serve: Serve) -> None:
    server = await serve(hello)

    async def one() -> int:
        async with connected(server) as client:
            await client.get("/")
            return (await client.response())[0]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one()) for _ in range(100)]
    assert {task.result() for task in tasks} == {200}
    await until(lambda: server.stats.connections == 0)
    assert server.stats.connections_total == 100


async def test_too_many_connections_are_turned_away(serve: Serve) -> None:
    server = await serve(hello, Settings(connections=1))
    async with connected(server) as first:
        await first.get("/")
        await first.response()
        async with connected(server) as second:
            assert await second.rest() == b""
        await first.get("/")
        assert (await first.response())[0] == 200
    assert server.stats.connections_refused == 1


async def test_a_unix_socket(serve: Serve, tmp_path: Path) -> None:
    server = Server(hello)
    path = tmp_path / "s"
    await server.start_unix(path)
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"200 OK" in await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()
    await server.stop(0)


async def test_stopping_closes_what_is_idle_at_once() -> None:
    server = Server(hello)
    await server.start()
    async with connected(server) as client:
        await client.get("/")
        await client.response()
        await server.stop(60)
        assert await client.rest() == b""
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", 1)


async def test_stopping_lets_requests_finish() -> None:
    gate = asyncio.Event()

    async def handler(_: Request) -> Response:
        await gate.wait()
        return Response(200, b"finished")

    server = Server(handler)
    await server.start()
    async with connected(server) as client, asyncio.TaskGroup() as group:
        await client.get("/")
        await until(lambda: server.stats.requests)
        group.create_task(server.stop(60))
        await asyncio.sleep(0.01)
        gate.set()
        status, headers, body = await client.response()
        assert (status, headers["connection"], body) == (200, "close", b"finished")
        assert await client.rest() == b""


async def test_stopping_ends_streams_in_order() -> None:
    gone: list[bool] = []

    def start(sink: Sink) -> None:
        sink.write(b"event")
        sink.on_close(lambda: gone.append(True))

    server = Server(lambda _: Stream(start))
    await server.start()
    async with connected(server) as client:
        await client.get("/")
        await client.head()
        assert await client.chunk() == b"event"
        await server.stop(60)
        assert await client.rest() == b"0\r\n\r\n"
    assert gone == [True]


async def test_stopping_cuts_what_does_not_end() -> None:
    ended: list[str] = []

    async def handler(_: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("request")
        raise AssertionError

    async def run(pipe: Pipe) -> None:
        try:
            await pipe.read()
        finally:
            ended.append("takeover")

    server = Server(lambda request: Takeover(run) if request.path == "/raw" else handler(request))
    await server.start()
    async with connected(server) as one, connected(server) as other:
        await one.get("/")
        await other.get("/raw")
        await until(lambda: server.stats.requests == 2)
        await server.stop(0.02)
        assert await one.rest() == await other.rest() == b""
    assert sorted(ended) == ["request", "takeover"]
    assert server.stats.connections == 0


async def test_cutting_breaks_what_somebody_waits_on_and_serving_goes_on() -> None:
    async def never(_: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    server = Server(lambda request: never(request) if request.path == "/never" else hello(request))
    await server.start()
    async with connected(server) as busy, connected(server) as idle:
        await idle.get("/")
        assert (await idle.response())[0] == 200
        await busy.get("/never")
        await until(lambda: server.stats.requests == 2)
        server.cut(idle=False)
        assert await busy.rest() == b""
        await idle.get("/")
        assert (await idle.response())[0] == 200
        server.cut(idle=True)
        assert await idle.rest() == b""
    await server.stop()


async def test_who_asked_for_the_cut_is_answered() -> None:
    async def cut(request: Request) -> Response:
        server.cut(idle=True, spare=request)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return Response(200, b"cut")

    server = Server(lambda request: cut(request) if request.path == "/cut" else hello(request))
    await server.start()
    async with connected(server) as asker, connected(server) as idle:
        await idle.get("/")
        assert (await idle.response())[0] == 200
        await asker.get("/cut")
        assert (await asker.response())[0] == 200
        assert await idle.rest() == b""
    await server.stop()


async def test_a_stream_that_is_cut_before_its_first_step_ends_quietly() -> None:
    """Nothing is left of its coroutine that Python would complain about."""
    begun: list[str] = []

    async def work() -> None:
        begun.append("stream")

    def start(_: Sink) -> Awaitable[None]:
        server.cut(idle=True)
        return work()

    server = Server(lambda _: Stream(start))
    await server.start()
    async with connected(server) as client:
        await client.get("/")
        await client.rest()
    await server.stop()
    assert begun == []
