"""Streams through the API server to a kubelet, all on loopback with TLS on both legs."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.streams import rest_of, streams
from wherry.client.http import HttpClient
from wherry.store.memory import MemoryStore
from wherry.transport.connect import Connector, Endpoint
from wherry.transport.messages import Pipe, Reply, Request, Response, Sink, Stream, Takeover
from wherry.transport.server import Server
from wherry.transport.tests.rawclient import Authority, Certificates, connected, until

Handler = Callable[[Request], Reply | Awaitable[Reply]]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    return Certificates(folder, authority.path, authority.issue("server"), authority.issue("apiserver"))


class World:
    """An API server, and one kubelet that answers as the test says."""

    def __init__(self, server: Server, client: HttpClient, certificates: Certificates) -> None:
        self.server = server
        self.client = client
        self.asked: list[Request] = []
        self.answer: Handler = lambda _: Response(200, b"ok", "text/plain")
        self._certificates = certificates

    def kubelet(self, request: Request) -> Reply | Awaitable[Reply]:
        self.asked.append(request)
        return self.answer(request)

    def raw(self) -> Any:
        return connected(self.server, self._certificates.client_context())


@asynccontextmanager
async def running(certificates: Certificates) -> AsyncIterator[World]:
    tls = certificates.client_context()
    api = Api(Settings(store=MemoryStore(), streams=streams(tls, random.Random(1))))
    await api.open()
    server = Server(api.handle)
    await server.start(tls=certificates.server_context())
    client = HttpClient(Connector(Endpoint("127.0.0.1", server.port, tls)))
    world = World(server, client, certificates)
    kubelet = Server(world.kubelet)
    await kubelet.start(tls=certificates.server_context())
    await make_node(client, kubelet.port)
    yield world
    await client.close()
    await server.stop(0)
    await kubelet.stop(0)
    await api.close()


@pytest.fixture
async def world(certificates: Certificates) -> AsyncIterator[World]:
    async with running(certificates) as world:
        await make_pod(world.client, "web", "n1", "main")
        yield world


async def make_node(client: HttpClient, port: int) -> None:
    node: Obj = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
    created = await client.create(NODES, node)
    created["status"] = {
        "addresses": [{"type": "Hostname", "address": "n1"}, {"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    await client.update(NODES, created, subresource="status")


async def make_pod(client: HttpClient, name: str, node: str, *containers: str) -> None:
    spec: Obj = {"containers": [{"name": each, "image": "example.test/i:1"} for each in containers]}
    if node:
        spec["nodeName"] = node
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    await client.create(PODS, pod, "default")


POD = "/api/v1/namespaces/default/pods/web"
EXEC = f"{POD}/exec?command=sh&command=-c&command=echo+hi&container=main&stdin=true&stdout=true&tty=true"


def upgrade(target: str) -> bytes:
    head = (
        f"POST {target} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nAuthorization: Bearer x\r\n"
    )
    return (head + "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n").encode()


async def shout(pipe: Pipe) -> None:
    pipe.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Told: yes\r\n\r\n")
    while data := await pipe.read():
        pipe.write(data.upper())
        await pipe.drain()


async def test_logs_come_from_the_kubelet_of_the_node(world: World) -> None:
    world.answer = lambda _: Response(200, b"line one\nline two\n", "text/plain")
    answer = await world.client.raw("GET", f"{POD}/log?tailLines=5&timestamps=true&pretty=1")
    assert answer.body == b"line one\nline two\n"
    assert answer.headers["content-type"] == "text/plain"
    (asked,) = world.asked
    assert (asked.path, asked.query) == ("/containerLogs/default/web/main", "timestamps=true&tailLines=5")
    assert asked.peer.certificate is not None


async def test_logs_are_followed_as_they_come(world: World) -> None:
    sinks: list[Sink] = []
    world.answer = lambda _: Stream(sinks.append, content_type="text/plain")
    async with await world.client.open("GET", f"{POD}/log?follow=true") as incoming:
        for number in range(3):
            sinks[0].write(b"%d\n" % number)
            assert await incoming.read() == b"%d\n" % number
    await until(lambda: sinks[0].is_closed)


@pytest.mark.parametrize(
    ("status", "text", "code", "message"),
    [
        (400, 'container "main" in pod "web" is waiting to start: ContainerCreating', 400, "is waiting to start"),
        (500, "it broke", 500, "Internal error occurred: it broke"),
        (404, "no", 404, r"the server could not find the requested resource \( pods/log web\)"),
    ],
)
async def test_what_the_kubelet_refuses_is_a_status(
    world: World, status: int, text: str, code: int, message: str
) -> None:
    world.answer = lambda _: Response(status, text.encode(), "text/plain")
    with pytest.raises(ApiError, match=message) as error:
        await world.client.raw("GET", f"{POD}/log")
    assert error.value.http_code == code


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("nobody/log", 404, 'pods "nobody" not found'),
        ("web/log?container=x", 400, "container x is not valid for pod web"),
        ("two/log", 400, r"a container name must be specified for pod two, choose one of: \[a b\]"),
        ("web/log?tailLines=-1", 422, 'PodLogOptions "web" is invalid: tailLines: Invalid value: -1'),
        ("web/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z", 422, "at most one of"),
        ("lost/log", 404, 'nodes "gone" not found'),
    ],
)
async def test_what_the_api_server_refuses_itself(world: World, target: str, code: int, message: str) -> None:
    await make_pod(world.client, "two", "n1", "a", "b")
    await make_pod(world.client, "lost", "gone", "main")
    with pytest.raises(ApiError, match=message) as error:
        await world.client.raw("GET", f"/api/v1/namespaces/default/pods/{target}")
    assert error.value.http_code == code
    assert world.asked == []


async def test_a_pod_without_a_node_has_no_log_and_runs_nothing(world: World) -> None:
    await make_pod(world.client, "pending", "", "main")
    path = "/api/v1/namespaces/default/pods/pending"
    assert (await world.client.raw("GET", f"{path}/log")).status == 204
    with pytest.raises(ApiError, match="pod pending does not have a host assigned"):
        await world.client.raw("POST", f"{path}/exec?command=ls&stdout=1")


async def test_exec_joins_client_and_kubelet(world: World) -> None:
    world.answer = lambda _: Takeover(shout)
    async with world.raw() as client:
        client.send(upgrade(EXEC) + b"early")
        status, headers = await client.head()
        assert (status, headers["upgrade"], headers["x-told"]) == (101, "SPDY/3.1", "yes")
        assert await client.reader.readexactly(5) == b"EARLY"
        client.send(b"x" * 500_000)
        assert await client.reader.readexactly(500_000) == b"X" * 500_000
    (asked,) = world.asked
    assert asked.path == "/exec/default/web/main"
    assert asked.query == "input=1&output=1&tty=1&command=sh&command=-c&command=echo+hi"
    assert asked.headers["x-stream-protocol-version"] == "v4.channel.k8s.io"
    assert "authorization" not in asked.headers
    await until(lambda: world.server.stats.connections == 1)  # that of the fixture's own client


async def test_a_token_among_the_subprotocols_stays_here(world: World) -> None:
    world.answer = lambda _: Takeover(shout)
    token = "base64url.bearer.authorization.k8s.io.c2VjcmV0"
    async with world.raw() as client:
        head = f"GET {EXEC} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        client.send(f"{head}Sec-WebSocket-Protocol: {token}, v5.channel.k8s.io\r\n\r\n".encode())
        assert (await client.head())[0] == 101
    assert world.asked[0].headers["sec-websocket-protocol"] == "v5.channel.k8s.io"


async def test_when_the_kubelet_ends_the_client_is_told(world: World) -> None:
    async def once(pipe: Pipe) -> None:
        pipe.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nbye")

    world.answer = lambda _: Takeover(once)
    async with world.raw() as client:
        client.send(upgrade(EXEC))
        assert (await client.head())[0] == 101
        assert await client.rest() == b"bye"


async def test_a_refused_upgrade_lets_nobody_through(world: World) -> None:
    """What the client says next is for the API server, not for the kubelet (CVE-2018-1002105)."""
    world.answer = lambda _: Response(404, b'container not found ("main")', "text/plain")
    async with world.raw() as client:
        client.send(upgrade(EXEC) + b"GET /runningpods/ HTTP/1.1\r\nHost: h\r\n\r\n")
        status, _ = await client.head()
        assert status == 404
        body = b""
        while piece := await client.chunk():
            body += piece
        assert body == b'container not found ("main")'
        assert (await client.response())[0] == 404
    assert [request.path for request in world.asked] == ["/exec/default/web/main"]


async def test_port_forward_and_attach(world: World) -> None:
    world.answer = lambda _: Takeover(shout)
    for target in (f"{POD}/portforward?ports=80,81", f"{POD}/attach?stdout=1&stderr=1"):
        async with world.raw() as client:
            client.send(upgrade(target))
            assert (await client.head())[0] == 101
    assert [(request.path, request.query) for request in world.asked] == [
        ("/portForward/default/web", "port=80%2C81"),
        ("/attach/default/web/main", "output=1&error=1"),
    ]


async def test_without_an_upgrade_there_is_no_exec(world: World) -> None:
    with pytest.raises(ApiError, match="Upgrade request required"):
        await world.client.raw("POST", EXEC)


async def test_a_kubelet_that_is_not_there(world: World) -> None:
    node = await world.client.get(NODES, "n1")
    node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"] = 1
    await world.client.update(NODES, node, subresource="status")
    dialled = r"dial tcp 127\.0\.0\.1:1: connect: connection refused"
    with pytest.raises(ApiError, match=rf'Get "https://127\.0\.0\.1:1/containerLogs/default/web/main": {dialled}'):
        await world.client.raw("GET", f"{POD}/log")
    with pytest.raises(ApiError, match=f"error trying to reach service: {dialled}"):
        await world.client.raw("GET", "/api/v1/nodes/n1/proxy/healthz")
    async with world.raw() as client:
        client.send(upgrade(EXEC))
        status, _, body = await client.response()
    assert status == 500
    assert b"error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused" in body


async def test_the_proxy_to_a_node_passes_everything_on(world: World) -> None:
    world.answer = lambda request: Response(207, request.body, "text/x", (("X-Own", "1"), ("Connection", "close")))
    answer = await world.client.raw(
        "POST", "/api/v1/nodes/n1/proxy/a%20b/c/?q=%2F", b"body", (("X-Mine", "2"), ("Impersonate-User", "eve"))
    )
    assert (answer.status, answer.body, answer.headers["x-own"]) == (207, b"body", "1")
    (asked,) = world.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/a%20b/c/", "q=%2F", b"body")
    assert asked.headers["x-mine"] == "2"
    assert "impersonate-user" not in asked.headers


async def test_the_root_of_a_proxy_ends_with_a_slash(world: World) -> None:
    async with world.raw() as client:
        await client.get("/api/v1/nodes/n1/proxy?a=b")
        status, headers, _ = await client.response()
    assert (status, headers["location"]) == (301, "/api/v1/nodes/n1/proxy/?a=b")


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/api/v1/nodes/n/proxy", ""),
        ("/api/v1/nodes/n/proxy/", "/"),
        ("/api/v1/nodes/proxy/proxy/proxy/x", "/proxy/x"),
        ("/api/v1/namespaces/ns/pods/proxy/proxy/a%2Fb//c", "/a%2Fb//c"),
    ],
)
def test_the_rest_of_a_path(path: str, rest: str) -> None:
    assert rest_of(path) == rest
