"""exec, attach and port-forward: the runtime serves them itself; the kubelet only leads the way.

The runtime answers a request for a stream with the address of its streaming server. The client's upgrade request goes
there unchanged but for its path, the runtime's answer comes back unchanged, and from then on bytes are passed on both
ways. SPDY and WebSocket need no code here, and a refusal reaches the client in the runtime's own words.
"""

from __future__ import annotations

import asyncio
from typing import cast
from urllib.parse import urlsplit

from wherry.transport.messages import Pipe, Request, Takeover
from wherry.transport.pipe import TransportPipe
from wherry.transport.relay import relay

_CONNECT_SECONDS = 10.0
_OWN_HEADERS = frozenset({"host", "authorization", "content-length", "transfer-encoding"})


def hand_over(request: Request, url: str) -> Takeover:
    """Join the client with the runtime's streaming server at `url`."""

    async def run(client: Pipe) -> None:
        try:
            server = await _connect(url)
        except (OSError, TimeoutError) as error:
            client.write(_refusal(f"the runtime's streaming server does not answer: {error}"))
            client.close()
            return
        server.write(_request_head(request, url) + request.body)
        await relay(client, server)

    return Takeover(run)


def _request_head(request: Request, url: str) -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name not in _OWN_HEADERS]
    lines.append(f"Content-Length: {len(request.body)}" if request.method == "POST" else "")
    return ("\r\n".join(line for line in lines if line) + "\r\n\r\n").encode("latin-1")


def _refusal(message: str) -> bytes:
    body = message.encode()
    head = ["HTTP/1.1 502 Bad Gateway", "Content-Type: text/plain", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*head, "", ""]).encode() + body


async def _connect(url: str) -> TransportPipe:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_CONNECT_SECONDS):
        _, protocol = await loop.create_connection(_PipeProtocol, parts.hostname or "", parts.port or 80)
    assert protocol.pipe is not None
    return protocol.pipe


class _PipeProtocol(asyncio.Protocol):
    """Feeds a `TransportPipe` with all that comes."""

    def __init__(self) -> None:
        self.pipe: TransportPipe | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.pipe = TransportPipe(cast("asyncio.Transport", transport))  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        assert self.pipe is not None
        self.pipe.feed(data)

    def eof_received(self) -> bool:
        assert self.pipe is not None
        return self.pipe.feed_eof()

    def pause_writing(self) -> None:
        assert self.pipe is not None
        self.pipe.pause()

    def resume_writing(self) -> None:
        assert self.pipe is not None
        self.pipe.resume()

    def connection_lost(self, error: Exception | None) -> None:
        assert self.pipe is not None
        self.pipe.lose()
