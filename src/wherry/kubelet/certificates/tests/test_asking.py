"""One request against the real API: answered at once, by a person later, refused, tidied away."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from wherry.api.certificates.certificatesigningrequest import CERTIFICATESIGNINGREQUESTS
from wherry.api.errors import NotFound
from wherry.apiserver.attributes import User
from wherry.apiserver.reviews.tests.world import World
from wherry.identity.certificates import format_certificate, make_authority
from wherry.identity.joining import Refused, client_request
from wherry.kubelet.certificates.asking import obtain

JOINER = User("system:bootstrap:abcdef", ("system:bootstrappers", "system:authenticated"))
PEM = format_certificate(make_authority("somebody", 0, 3600).certificate)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.api.open()
    yield world
    await world.api.close()


async def asked(world: World) -> tuple[asyncio.Task[bytes], str]:
    """(who waits, the name of the request)"""
    _, request = client_request("n1")
    loop = asyncio.get_running_loop()
    waiting = loop.create_task(obtain(world.api.client(JOINER), request))
    while not (items := (await world.api.client().list(CERTIFICATESIGNINGREQUESTS)).items):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    return waiting, str(items[0]["metadata"]["name"])


async def decide(world: World, name: str, type: str) -> None:
    client = world.api.client()
    request = await client.get(CERTIFICATESIGNINGREQUESTS, name)
    request.setdefault("status", {})["conditions"] = [
        {"type": type, "status": "True", "reason": "ByHand", "message": "because"}
    ]
    await client.update(CERTIFICATESIGNINGREQUESTS, request, subresource="approval")


async def test_waits_until_it_is_approved_and_signed(world: World) -> None:
    waiting, name = await asked(world)
    await decide(world, name, "Approved")
    assert not waiting.done()
    client = world.api.client()
    request = await client.get(CERTIFICATESIGNINGREQUESTS, name)
    request["status"]["certificate"] = b64encode(PEM).decode()
    await client.update(CERTIFICATESIGNINGREQUESTS, request, subresource="status")
    assert await waiting == PEM


async def test_a_refusal_is_told(world: World) -> None:
    waiting, name = await asked(world)
    await decide(world, name, "Denied")
    with pytest.raises(Refused, match="because"):
        await waiting


async def test_a_request_that_is_tidied_away_ends_the_waiting(world: World) -> None:
    waiting, name = await asked(world)
    await world.api.client().delete(CERTIFICATESIGNINGREQUESTS, name)
    with pytest.raises(NotFound):
        await waiting
