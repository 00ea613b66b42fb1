"""Events go an hour after they were last written, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.event import EVENTS
from wherry.apiserver.expiry import Expiry
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.tests.harness import Server, serving
from wherry.testing.eventloop import settle

HOUR, SLACK = 3600.0, 60.0


def event(name: str, **metadata: object) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default", **metadata},
        "involvedObject": {"namespace": "default"},
    }


@asynccontextmanager
async def expiring() -> AsyncIterator[tuple[Server, InProcessClient]]:
    async with serving() as server:
        expiry = Expiry(server.api.core)
        expiry.open()
        yield server, server.api.client()
        expiry.close()


async def names(client: InProcessClient) -> list[str]:
    await settle()
    return [each["metadata"]["name"] for each in (await client.list(EVENTS)).items]


async def test_what_is_not_written_again_goes_in_time() -> None:
    async with expiring() as (server, client):
        await client.create(EVENTS, event("a"))
        await client.create(EVENTS, event("b", finalizers=["example.test/kept"]))
        await client.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
        screen = await server.watch("/api/v1/events?watch=1&timeoutSeconds=9000")
        await server.clock.advance(HOUR / 2)
        await client.patch(EVENTS, "a", {"count": 2}, "default")
        await server.clock.advance(HOUR / 2 - 1)
        assert await names(client) == ["a", "b"]
        await server.clock.advance(1)
        assert await names(client) == ["a"]
        await server.clock.advance(HOUR / 2 + SLACK)
        assert await names(client) == []
        assert screen.seen[-2:] == [("DELETED", "b"), ("DELETED", "a")]
        assert len((await client.list(CONFIGMAPS, "default")).items) == 1


async def test_nobody_is_woken_for_what_is_not_there() -> None:
    async with expiring() as (server, client):
        await client.create(EVENTS, event("a"))
        await client.create(EVENTS, event("b"))
        await client.delete(EVENTS, "a", "default")
        await server.clock.advance(HOUR)
        assert await names(client) == []
        await server.clock.advance(HOUR)
        assert server.clock.next_due is None
