"""Upgrades as they reach the runtime, and its answers as they reach the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from wherry.kubelet.server.streams import hand_over
from wherry.transport.messages import Peer, Request, Response, Stream, Takeover


class Runtime:
    """A streaming server that knows WebSocket v4 alone, as containerd 1.6 does."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "v4.channel.k8s.io" in self.asked:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
            writer.write(b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\nbytes")
        else:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.write_eof()
        await writer.drain()
        writer.close()


@asynccontextmanager
async def runtime() -> AsyncIterator[Runtime]:
    found = Runtime()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    try:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/exec/token"
        yield found
    finally:
        server.close()
        await server.wait_closed()


class Client:
    """The raw connection of a client that says nothing more."""

    half_closes = True
    is_paused = False

    def __init__(self) -> None:
        self.got = b""

    async def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        self.got += data

    async def drain(self) -> None:
        pass

    def on_resume(self, callback: Callable[[], None]) -> None:
        pass

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        pass

    abort = close


def asking(protocols: str) -> Request:
    headers = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-protocol": protocols}
    return Request("GET", "/exec/a/b/c", "command=true", headers, b"", Peer("127.0.0.1", None))


@pytest.mark.parametrize(
    ("protocols", "may_end_stdin", "granted"),
    [
        pytest.param("v5.channel.k8s.io", False, "v5.channel.k8s.io", id="v5-without-stdin-is-v4"),
        pytest.param("v5.channel.k8s.io, v4.channel.k8s.io", True, "v4.channel.k8s.io", id="the-runtime-chooses"),
        pytest.param("v4.channel.k8s.io", True, "v4.channel.k8s.io", id="v4"),
    ],
)
async def test_the_client_is_granted_what_it_knows(protocols: str, may_end_stdin: bool, granted: str) -> None:
    async with runtime() as served:
        reply = await hand_over(asking(protocols), served.url, may_end_stdin=may_end_stdin)
        assert isinstance(reply, Takeover)
        client = Client()
        await reply.run(client)
    head, _, rest = client.got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert f"sec-websocket-protocol: {granted}".encode() in head.lower()
    assert rest == b"bytes"


async def test_v5_whose_stdin_may_end_is_refused() -> None:
    async with runtime() as served:
        reply = await hand_over(asking("v5.channel.k8s.io"), served.url, may_end_stdin=True)
        assert isinstance(reply, Stream)
        assert reply.status == 403
        assert "GET /exec/token HTTP/1.1" in served.asked


async def test_a_runtime_that_does_not_answer_is_a_bad_gateway() -> None:
    async with runtime() as served:
        gone = served.url
    reply = await hand_over(asking("v4.channel.k8s.io"), gone)
    assert isinstance(reply, Response)
    assert reply.status == 502
