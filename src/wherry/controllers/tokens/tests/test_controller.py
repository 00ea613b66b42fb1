"""A Secret that asks for a token gets one that is good, for as long as its account is there."""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import NotFound
from wherry.apiserver.reviews.tests.world import KEYS, World
from wherry.controllers.tokens.controller import ACCOUNT, ACCOUNT_UID, TYPE, controller
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops

WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.fixture
async def scene() -> AsyncIterator[tuple[World, Loops]]:
    world = World()
    await world.api.open()
    client = world.api.client()
    recorder = Recorder(client, world.clock, "tokens")
    loops = Loops((controller(KEYS, lambda: "CA"),), client, world.clock, random.Random(7), recorder)
    await loops.start()
    await client.create(SERVICEACCOUNTS, {"metadata": {"name": "robot"}}, "default")
    yield world, loops
    await loops.stop()
    await recorder.close()
    await world.api.close()


async def ask(world: World, loops: Loops, name: str = "s", account: str = "robot", **annotations: str) -> Any:
    metadata = {"name": name, "annotations": {ACCOUNT: account, **annotations}}
    await world.api.client().create(SECRETS, {"metadata": metadata, "type": TYPE}, "default")
    await loops.settled()
    return await world.api.client().get(SECRETS, name, "default")


async def test_the_secret_is_filled_in(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    secret = await ask(world, loops)
    data = {key: b64decode(value).decode() for key, value in secret["data"].items()}
    assert data["ca.crt"] == "CA" and data["namespace"] == "default"
    account = await world.api.client().get(SERVICEACCOUNTS, "robot", "default")
    assert secret["metadata"]["annotations"][ACCOUNT_UID] == account["metadata"]["uid"]
    status, me = await world.ask("POST", WHO_AM_I, {}, data["token"])
    assert (status, me["status"]["userInfo"]["username"]) == (201, "system:serviceaccount:default:robot")
    await world.api.client().delete(SECRETS, "s", "default")
    assert (await world.ask("POST", WHO_AM_I, {}, data["token"]))[0] == 401


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param({"namespace": "elsewhere"}, {"namespace": "elsewhere"}, id="a namespace of its own"),
        pytest.param({"ca.crt": "OTHER", "token": ""}, {}, id="another authority, an empty token"),
        pytest.param({"token": "mine", "more": "x"}, {"token": "mine", "more": "x"}, id="a token of its own"),
    ],
)
async def test_what_is_missing_is_put_there(
    scene: tuple[World, Loops], given: dict[str, str], kept: dict[str, str]
) -> None:
    world, loops = scene
    secret = {"metadata": {"name": "s", "annotations": {ACCOUNT: "robot"}}, "type": TYPE, "stringData": given}
    await world.api.client().create(SECRETS, secret, "default")
    await loops.settled()
    found = (await world.api.client().get(SECRETS, "s", "default"))["data"]
    data = {key: b64decode(value).decode() for key, value in found.items()}
    assert {"namespace": "default", "ca.crt": "CA", "token": data["token"], **kept} == data
    assert data["token"]


async def test_a_label_calls_it_in(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    token = b64decode((await ask(world, loops))["data"]["token"]).decode()
    for since, status in (("2026-01-01", 401), (None, 201)):
        patch = {"metadata": {"labels": {"kubernetes.io/legacy-token-invalid-since": since}}}
        await world.api.client().patch(SECRETS, "s", patch, "default")
        assert (await world.ask("POST", WHO_AM_I, {}, token))[0] == status


async def test_it_goes_with_its_account(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    await ask(world, loops)
    await world.api.client().delete(SERVICEACCOUNTS, "robot", "default")
    await loops.settled()
    with pytest.raises(NotFound):
        await world.api.client().get(SECRETS, "s", "default")


async def test_a_rival_only_holds_that_up(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    await ask(world, loops)
    fault = world.faults.conflict_next("delete", "secrets")
    await world.api.client().delete(SERVICEACCOUNTS, "robot", "default")
    await loops.settled()
    await world.clock.advance(1)
    await loops.settled()
    assert fault.hits == 1
    with pytest.raises(NotFound):
        await world.api.client().get(SECRETS, "s", "default")


async def test_when_it_goes_its_account_lists_it_no_more(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    client = world.api.client()
    await ask(world, loops)
    await client.create(SECRETS, {"metadata": {"name": "o"}, "type": "Opaque"}, "default")
    await client.patch(SERVICEACCOUNTS, "robot", {"secrets": [{"name": "s"}, {"name": "o"}]}, "default")
    await client.delete(SECRETS, "s", "default")
    await client.delete(SECRETS, "o", "default")
    await loops.settled()
    assert (await client.get(SERVICEACCOUNTS, "robot", "default"))["secrets"] == [{"name": "o"}]


async def test_secrets_for_nobody_are_removed(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    with pytest.raises(NotFound):
        await ask(world, loops, account="nobody")


async def test_other_secrets_are_left_alone(scene: tuple[World, Loops]) -> None:
    world, loops = scene
    await world.api.client().create(SECRETS, {"metadata": {"name": "o"}, "type": "Opaque"}, "default")
    await loops.settled()
    assert "data" not in await world.api.client().get(SECRETS, "o", "default")
