"""Two connections joined: what comes out of one goes into the other, both ways; and requests sent on to another server.

Nothing is read faster than the other side takes it. When one side has said all it has to say, the other is told so
where a direction can be closed alone, and closed where it cannot; both are closed when the relay returns.

A request for an upgrade is sent on and its answer looked at: only a 101 joins the connections. Passing bytes on before
that would let a client whose upgrade was refused speak to the other server in our name (CVE-2018-1002105).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from wherry.transport.connect import Connector, Endpoint, Incoming
from wherry.transport.messages import Pipe, Reply, Request, Response, Sink, Stream, Takeover
from wherry.wire.httphead import has_body, header_lines, status_line

Headers = Sequence[tuple[str, str]]

_HEAD_SECONDS: Final = 30.0
_OURS: Final = frozenset({"authorization", "content-length", "expect", "host", "transfer-encoding"})
"""Headers of a request that are ours to set, or that speak of the client towards us."""
_OF_ONE_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"}
)
_TOKEN_PROTOCOL: Final = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - a prefix
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


async def relay(one: Pipe, other: Pipe) -> None:
    """Run until both directions have ended, or either connection breaks. Never raises ConnectionError."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(one, other))
            group.create_task(_pump(other, one))
    except* ConnectionError:
        pass
    finally:
        one.close()
        other.close()


async def relay_upgrade(
    request: Request, endpoint: Endpoint, target: str, headers: Headers = (), *, answered: Mapping[str, str] = _NOTHING
) -> Reply:
    """Send a request for an upgrade on to `target` at `endpoint`, and join the connections if it is granted.

    Whatever else is answered goes back to the client as it is. `headers` are added to the client's own, and those of
    `answered` take the place of the server's in a granted upgrade. Raises OSError when the endpoint cannot be reached.
    """
    connector = Connector(endpoint, max_idle=0)
    try:
        incoming, server = await connector.upgrade(
            request.method, target, [*_forwarded(request, _OURS), *headers], request.body, timeout=_HEAD_SECONDS
        )
    except BaseException:
        await connector.close()
        raise
    if server is None:
        return Onward(request.method, incoming, connector).reply()
    granted = {**incoming.headers, **answered}
    head = status_line(incoming.status, "") + header_lines(granted.items()) + b"\r\n"

    async def run(client: Pipe) -> None:
        try:
            client.write(head)
            await relay(client, server)
        finally:
            await connector.close()

    return Takeover(run)


async def relay_stream(request: Request, endpoint: Endpoint, target: str, headers: Headers = ()) -> Stream | Response:
    """Send a request on to `target` at `endpoint` and stream the answer back; raises OSError as above."""
    return (await send_on(request, endpoint, target, headers)).reply()


async def send_on(request: Request, endpoint: Endpoint, target: str, headers: Headers = ()) -> Onward:
    """Send a request on, for whoever wants to look at the answer first; raises OSError as above."""
    connector = Connector(endpoint, max_idle=0)
    lines = [*_forwarded(request, _OURS | _OF_ONE_HOP), *headers]
    try:
        incoming = await connector.open(request.method, target, lines, request.body, timeout=_HEAD_SECONDS)
    except BaseException:
        await connector.close()
        raise
    return Onward(request.method, incoming, connector)


class Onward:
    """Another server's answer, which must either become a `reply` or be read as `text`."""

    __slots__ = ("_connector", "_incoming", "_method")

    def __init__(self, method: str, incoming: Incoming, connector: Connector) -> None:
        self._method = method
        self._incoming = incoming
        self._connector = connector

    @property
    def status(self) -> int:
        return self._incoming.status

    def reply(self) -> Stream | Response:
        """The answer for the client; its body is passed on as it comes."""
        incoming = self._incoming
        content_type = incoming.headers.get("content-type", "")
        headers = _returned(incoming.headers)
        if self._method == "HEAD" or not has_body(incoming.status):
            self._connector.abort()
            return Response(incoming.status, b"", content_type, headers)
        return Stream(self._pass_on, incoming.status, content_type, headers)

    async def text(self, limit: int) -> str:
        """The beginning of the body, as text."""
        try:
            data = b""
            while len(data) < limit and (piece := await self._incoming.read()):
                data += piece
        finally:
            await self._connector.close()
        return data[:limit].decode("utf-8", "replace")

    async def _pass_on(self, sink: Sink) -> None:
        try:
            while data := await self._incoming.read():
                sink.write(data)
                await sink.drain()
            sink.close()
        finally:
            await self._connector.close()


def _forwarded(request: Request, dropped: frozenset[str]) -> list[tuple[str, str]]:
    lines = [
        (name, _without_token(value) if name == "sec-websocket-protocol" else value)
        for name, value in request.headers.items()
        if name not in dropped and not name.startswith(("impersonate-", "x-remote-"))
    ]
    return [line for line in lines if line[1] or line[0] != "sec-websocket-protocol"]


def _without_token(protocols: str) -> str:
    """The subprotocols that a WebSocket offers, but for the one in which a browser hides its bearer token."""
    offered = [each.strip() for each in protocols.split(",")]
    return ", ".join(each for each in offered if not each.startswith(_TOKEN_PROTOCOL))


def _returned(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Headers of the answer that are neither of one hop nor written by our own server."""
    own = _OF_ONE_HOP | {"content-length", "content-type", "date", "transfer-encoding"}
    return tuple((name, value) for name, value in headers.items() if name not in own)


async def _pump(source: Pipe, sink: Pipe) -> None:
    while data := await source.read():
        sink.write(data)
        await sink.drain()
    if source.half_closes:
        sink.write_eof()
    else:
        sink.close()  # The source is gone for good, so nobody is left to read what comes the other way.
