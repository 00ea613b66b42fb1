"""The client of webhooks, against an HTTPS server on loopback that misbehaves as it is told."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.apiserver.webhooks import WebhookError, Webhooks
from wherry.lib.systemclock import SystemClock
from wherry.testing.objects import Objects
from wherry.transport.messages import Request, Response
from wherry.transport.server import Server
from wherry.transport.tests.rawclient import Authority, Certificates

Handler = Callable[[Request], Response | Awaitable[Response]]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    return Certificates(folder, authority.path, authority.issue("server"), authority.issue("apiserver"))


class World:
    def __init__(self, port: int, bundle: str) -> None:
        self.port = port
        self.objects = Objects()
        self.webhooks = Webhooks(self.objects, SystemClock())
        self.bundle = bundle
        self.asked: list[Request] = []

    def url(self, path: str = "/hook") -> Obj:
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.bundle}

    async def ask(self, config: Obj | None = None, timeout: float = 5) -> Any:
        return await self.webhooks.ask(config or self.url(), {"question": 1}, timeout)

    async def failure(self, config: Obj | None = None, timeout: float = 5) -> str:
        with pytest.raises(WebhookError) as caught:
            await self.ask(config, timeout)
        return str(caught.value)


@asynccontextmanager
async def answering(certificates: Certificates, handler: Handler) -> AsyncIterator[World]:
    world: list[World] = []

    def hear(request: Request) -> Response | Awaitable[Response]:
        world[0].asked.append(request)
        return handler(request)

    server = Server(hear)
    await server.start(tls=certificates.server_context())
    world.append(World(server.port, base64.b64encode(certificates.ca.read_bytes()).decode()))
    try:
        yield world[0]
    finally:
        await world[0].webhooks.close()
        await server.stop(0)


def answer(value: Any, status: int = 200) -> Handler:
    return lambda _: Response(status, value if isinstance(value, bytes) else json.dumps(value).encode())


async def test_a_question_and_its_answer(certificates: Certificates) -> None:
    async with answering(certificates, answer({"answer": 2})) as world:
        assert await world.ask(world.url("/hook?a=b"), 10) == {"answer": 2}
        assert await world.ask() == {"answer": 2}
        first = world.asked[0]
        assert (first.method, first.path, first.query) == ("POST", "/hook", "a=b&timeout=10s")
        assert json.loads(first.body) == {"question": 1}
        assert first.headers["content-type"] == "application/json"


REFUSALS: list[tuple[str, Handler, str]] = [
    ("not found", answer(b"", 404), "the server could not find the requested resource"),
    (
        "broken",
        answer(b"out of order", 503),
        'an error on the server ("out of order") has prevented the request from succeeding',
    ),
    ("its own words", answer({"kind": "Status", "message": "not for you"}, 403), "not for you"),
    ("no JSON", answer(b"<html>"), "couldn't get version/kind; json parse error: "),
    ("nothing", answer(b""), "couldn't get version/kind; json parse error: "),
    ("too deep", answer(b"[" * 100_000), "couldn't get version/kind; json parse error: "),
]


@pytest.mark.parametrize(("handler", "message"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
async def test_what_is_no_answer(certificates: Certificates, handler: Handler, message: str) -> None:
    async with answering(certificates, handler) as world:
        assert (await world.failure()).startswith(message)


async def test_an_answer_that_is_far_larger_than_the_question_is_not_read_to_its_end(
    certificates: Certificates,
) -> None:
    async with answering(certificates, answer(b" " * (5 << 20))) as world:
        assert await world.failure() == f"the response is larger than {4 << 20} bytes"


async def test_nobody_is_sent_elsewhere(certificates: Certificates) -> None:
    def redirect(_: Request) -> Response:
        return Response(307, b"", headers=(("Location", "/elsewhere"),))

    async with answering(certificates, redirect) as world:
        failure = await world.failure()
        assert failure == "the server responded with the status code 307 but did not return more information"
        assert [request.path for request in world.asked] == ["/hook"]
        for url in (f"http://127.0.0.1:{world.port}/hook", "file:///etc/passwd", "https:///hook"):
            assert "must have either service or URL" in await world.failure({"url": url})
        assert len(world.asked) == 1


async def test_whoever_takes_too_long_is_not_waited_for(certificates: Certificates) -> None:
    done = asyncio.Event()

    async def wait(_: Request) -> Response:
        await done.wait()
        return Response(200, b"{}")

    async with answering(certificates, wait) as world:
        said = await world.failure(timeout=0.05)
        assert said == f'Post "https://127.0.0.1:{world.port}/hook?timeout=0.05s": context deadline exceeded'
        done.set()


async def test_a_server_is_known_by_its_certificate(certificates: Certificates) -> None:
    async with answering(certificates, answer({})) as world:
        stranger = base64.b64encode(Authority(certificates.folder, "stranger").path.read_bytes()).decode()
        assert "tls: failed to verify certificate" in await world.failure({**world.url(), "caBundle": stranger})
        assert "tls: failed to verify certificate" in await world.failure({**world.url(), "caBundle": ""})
        junk = base64.b64encode(b"junk").decode()
        assert await world.failure({**world.url(), "caBundle": junk})
        assert "unable to load root certificates" in await world.failure({**world.url(), "caBundle": "/w=="})
        assert world.asked == []


async def test_nobody_listens(certificates: Certificates) -> None:
    async with answering(certificates, answer({})) as world:
        config = {**world.url(), "url": "https://127.0.0.1:1/x"}
        assert (await world.failure(config)).startswith('Post "https://127.0.0.1:1/x?timeout=5s": ')
        assert "must have either service or URL" in await world.failure({"url": "http://127.0.0.1/x"})


def service(**spec: Any) -> Obj:
    ports = [{"name": "https", "port": 443, "targetPort": 8443}]
    return {"metadata": {"name": "hook", "namespace": "default"}, "spec": {"ports": ports, **spec}}


def endpoints(port: int, *, ready: bool = True, name: str = "https") -> Obj:
    metadata = {"name": "hook-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "hook"}}
    endpoint = {"addresses": ["127.0.0.1"], "conditions": {"ready": ready}}
    return {"metadata": metadata, "ports": [{"name": name, "port": port}], "endpoints": [endpoint]}


async def test_a_service_is_found_by_its_endpoints(certificates: Certificates) -> None:
    """The certificate here is for an address, not for the Service's name: so far and no further."""
    async with answering(certificates, answer({})) as world:
        config: Obj = {"service": {"namespace": "default", "name": "hook", "path": "hook"}, "caBundle": world.bundle}
        assert await world.failure(config) == 'service "hook" not found'
        world.objects.put(SERVICES, service(clusterIP="None"))
        assert await world.failure(config) == 'no endpoints available for service "hook"'
        other = {"service": {**config["service"], "port": 99}}
        assert await world.failure(other) == 'no service port 99 found for service "hook"'
        world.objects.put(ENDPOINTSLICES, endpoints(world.port, ready=False))
        assert await world.failure(config) == 'no endpoints available for service "hook"'
        world.objects.put(ENDPOINTSLICES, endpoints(world.port))
        said = await world.failure(config)
        assert said.startswith('Post "https://hook.default.svc:443/hook?timeout=5s": tls: failed to verify certificate')
