"""The in-process client passes the suite of all clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from wherry.apiserver.tests.harness import serving
from wherry.client import Client
from wherry.testing.clientsuite import ClientSuite


class TestInProcessClient(ClientSuite):
    def open_client(self) -> AbstractAsyncContextManager[Client]:
        return _client()


@asynccontextmanager
async def _client() -> AsyncIterator[Client]:
    async with serving() as server:
        yield server.api.client()
