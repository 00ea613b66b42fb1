"""The HTTP client passes the suite, against a real server over TLS; and what only a connection can do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import pytest

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, InternalError, NotFound, ServiceUnavailable, TooManyRequests, Unauthorized
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.client.http import HttpClient
from wherry.store.memory import MemoryStore
from wherry.testing.clientsuite import ClientSuite, configmap
from wherry.testing.clock import ManualClock
from wherry.transport.connect import Connector, Endpoint
from wherry.transport.messages import Reply, Request, Response, Sink, Stream
from wherry.transport.server import Server
from wherry.transport.tests.rawclient import Certificates


@asynccontextmanager
async def client_of_an_api(tls: ssl.SSLContext, trust: ssl.SSLContext) -> AsyncIterator[HttpClient]:
    api = Api(Settings(store=MemoryStore()))
    await api.open()
    server = Server(api.handle)
    await server.start(tls=tls)
    async with HttpClient(Connector(Endpoint("127.0.0.1", server.port, trust))) as client:
        yield client
    await server.stop(0)
    await api.close()


class TestHttpClient(ClientSuite):
    @pytest.fixture(autouse=True)
    def _take_certificates(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def open_client(self) -> AbstractAsyncContextManager[Client]:
        return client_of_an_api(self._certificates.server_context(), self._certificates.client_context())


Handler = Callable[[Request], Reply | Awaitable[Reply]]
Serve = Callable[[Handler], Awaitable[tuple[HttpClient, ManualClock]]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Makes clients of handlers."""
    ends: list[Callable[[], Awaitable[None]]] = []

    async def start(handler: Handler) -> tuple[HttpClient, ManualClock]:
        server = Server(handler)
        await server.start()
        clock = ManualClock()
        client = HttpClient(Connector(Endpoint("127.0.0.1", server.port)), clock=clock, token=lambda: "secret")
        ends.extend((client.close, lambda: server.stop(0)))
        return client, clock

    yield start
    for end in ends:
        await end()


async def test_who_asks_is_said_with_each_request(serve: Serve) -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return Response(200, b"{}")

    client, _ = await serve(handler)
    await client.get(PODS, "p", "n", subresource="status")
    await client.patch(PODS, "p", {"a": None}, "n")
    get, patch = seen
    assert (get.method, get.path, get.query) == ("GET", "/api/v1/namespaces/n/pods/p/status", "")
    assert get.headers["authorization"] == "Bearer secret"
    assert get.headers["user-agent"].startswith("wherry/")
    assert get.headers["accept"] == "application/json"
    assert patch.headers["content-type"] == "application/merge-patch+json"
    assert patch.body == b'{"a":null}'


async def test_what_the_server_asks_to_repeat_is_repeated(serve: Serve) -> None:
    attempts: list[float] = []

    def handler(_: Request) -> Response:
        attempts.append(clock.monotonic())
        if len(attempts) < 3:
            raise TooManyRequests.retry_after("busy", 2)
        return Response(201, b'{"data":{}}')

    client, clock = await serve(handler)
    clock.sleep = lambda seconds: clock.advance(seconds)  # type: ignore[method-assign]
    assert await client.create(CONFIGMAPS, configmap("a"), "default") == {"data": {}}
    assert attempts == [0, 2, 4]


async def test_a_server_that_is_always_busy_is_given_up_in_the_end(serve: Serve) -> None:
    count = 0

    def handler(_: Request) -> Response:
        nonlocal count
        count += 1
        raise TooManyRequests.retry_after("busy", 1)

    client, clock = await serve(handler)
    clock.sleep = lambda seconds: clock.advance(seconds)  # type: ignore[method-assign]
    with pytest.raises(TooManyRequests):
        await client.get(PODS, "p", "n")
    assert count == 10


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        pytest.param(
            Response(404, b"404 page not found", "text/plain"), NotFound, "404 page not found", id="plain text"
        ),
        pytest.param(Response(401, b""), Unauthorized, "provide credentials", id="nothing"),
        pytest.param(Response(502, b"<html>", "text/html"), InternalError, "502", id="a proxy's page"),
        pytest.param(Response(200, b"no json"), InternalError, "not JSON", id="no JSON"),
        pytest.param(Response(200, b"[]"), InternalError, "not a JSON object", id="no object"),
    ],
)
async def test_answers_that_no_api_server_would_give(
    serve: Serve, reply: Response, kind: type[ApiError], message: str
) -> None:
    client, _ = await serve(lambda _: reply)
    with pytest.raises(kind, match=message):
        await client.get(PODS, "p", "n")


async def test_a_server_that_is_not_there() -> None:
    async with HttpClient(Connector(Endpoint("127.0.0.1", 1))) as client:
        with pytest.raises(ServiceUnavailable, match=r"cannot reach 127\.0\.0\.1:1"):
            await client.get(PODS, "p", "n")
        with pytest.raises(ServiceUnavailable):
            await anext(aiter(client.watch(PODS)))


async def test_a_watch_that_is_cut_says_so(serve: Serve) -> None:
    event = msgspec.json.encode({"type": "ADDED", "object": configmap("a")}) + b"\n"

    received = asyncio.Event()

    async def start(sink: Sink) -> None:
        sink.write(event + event[:20])
        await received.wait()
        raise ConnectionError

    client, _ = await serve(lambda _: Stream(start))
    watch = aiter(client.watch(CONFIGMAPS))
    assert (await anext(watch)).object == configmap("a")
    received.set()
    with pytest.raises(ServiceUnavailable):
        await anext(watch)


async def test_a_watch_that_ends_in_order_ends_the_iteration(serve: Serve) -> None:
    client, _ = await serve(lambda _: Stream(lambda sink: sink.close()))
    assert [event async for event in client.watch(CONFIGMAPS)] == []


async def test_delete_options_are_sent_only_if_there_are_any(serve: Serve) -> None:
    bodies: list[bytes] = []

    def handler(request: Request) -> Response:
        bodies.append(request.body)
        return Response(200, b"{}")

    client, _ = await serve(handler)
    await client.delete(PODS, "p", "n")
    await client.delete(PODS, "p", "n", uid="u", propagation="Orphan", grace_seconds=0)
    assert bodies[0] == b""
    assert msgspec.json.decode(bodies[1]) == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Orphan",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": "u"},
    }
