"""Decisions on certificate requests, through a whole API server in memory."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.apiserver.reviews.tests.world import World
from wherry.identity import certificates
from wherry.identity.profiles import node_client

PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
KEY = certificates.make_key()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.api.open()
    request = b64encode(certificates.make_request(node_client("n1"), KEY)).decode()
    spec = {"request": request, "signerName": "example.com/s", "usages": ["client auth"]}
    await world.make(PATH, {"metadata": {"name": "c"}, "spec": spec})
    yield world
    await world.api.close()


async def decide(world: World, *conditions: dict[str, Any]) -> tuple[int, Any]:
    _, request = await world.ask("GET", f"{PATH}/c")
    request["status"] = {"conditions": list(conditions)}
    return await world.ask("PUT", f"{PATH}/c/approval", request)


def condition(kind: str, reason: str = "R") -> dict[str, Any]:
    return {"type": kind, "status": "True", "reason": reason}


async def test_a_decision_keeps_the_time_since_which_it_holds(world: World) -> None:
    status, request = await decide(world, condition("Approved"))
    first = request["status"]["conditions"][0]
    assert status == 200 and first["lastTransitionTime"] == first["lastUpdateTime"]
    await world.clock.advance(60)
    status, request = await decide(world, condition("Approved", "Better"))
    second = request["status"]["conditions"][0]
    assert status == 200 and second["reason"] == "Better"
    assert second["lastTransitionTime"] == first["lastTransitionTime"]
    assert second["lastUpdateTime"] > first["lastUpdateTime"]


async def test_decisions_stay(world: World) -> None:
    await decide(world, condition("Denied"))
    status, answer = await decide(world)
    assert status == 422
    why = 'Forbidden: updates may not remove a condition of type "Denied"'
    assert answer["details"]["causes"] == [
        {"reason": "FieldValueForbidden", "message": why, "field": "status.conditions"}
    ]
    status, answer = await decide(world, condition("Denied"), condition("Approved"))
    why = 'must specify at most one of: `conditions[{"type": "Approved"}]`, `conditions[{"type": "Denied"}]`'
    assert status == 422 and answer["details"]["causes"][0]["message"].endswith(why)


async def test_decisions_have_their_own_path(world: World) -> None:
    _, request = await world.ask("GET", f"{PATH}/c")
    request["status"] = {"conditions": [condition("Approved")]}
    status, answer = await world.ask("PUT", f"{PATH}/c/status", request)
    assert status == 422
    assert answer["message"].endswith(
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    )


async def test_a_signer_tells_since_when_too(world: World) -> None:
    _, request = await world.ask("GET", f"{PATH}/c")
    request["status"] = {"conditions": [condition("Failed")]}
    status, request = await world.ask("PUT", f"{PATH}/c/status", request)
    assert status == 200
    (failed,) = request["status"]["conditions"]
    assert failed["lastUpdateTime"] == failed["lastTransitionTime"] == "2023-11-14T22:13:20Z"
