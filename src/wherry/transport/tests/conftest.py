"""Both event loops, and servers that end with their test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import uvloop

from wherry.transport.messages import Handler
from wherry.transport.server import Server
from wherry.transport.settings import Settings
from wherry.transport.tests.rawclient import Authority, Certificates, Serve


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    return Certificates(folder, authority.path, authority.issue("server"), authority.issue("client"))


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers on loopback and stops them after the test."""
    servers: list[Server] = []

    async def start(
        handler: Handler, settings: Settings | None = None, tls: ssl.SSLContext | None = None, **options: Any
    ) -> Server:
        server = Server(handler, settings, **options)
        await server.start(tls=tls)
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.stop(0)
