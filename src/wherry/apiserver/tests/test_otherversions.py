"""Fields of custom kinds that are owned in several versions, changed by name alone or by a webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.api import Obj
from wherry.apiserver.extensions.tests import test_webhook
from wherry.apiserver.extensions.tests.custom import Shop, definition, shop, version, widget
from wherry.apiserver.extensions.tests.test_webhook import World, converting, second
from wherry.apiserver.tests.harness import Answer
from wherry.apiserver.tests.test_ownership import MERGE, owners

V1 = "/apis/shop.example.com/v1/namespaces/default/widgets"
V2 = "/apis/shop.example.com/v2/namespaces/default/widgets"
YAML = {"content-type": "application/apply-patch+yaml"}

certificates = test_webhook.certificates


@pytest.fixture
async def server() -> AsyncIterator[Shop]:
    async with shop() as server:
        await server.define(definition(versions=[version(), version("v2", storage=False)]))
        yield server


@pytest.fixture
async def world(certificates: Any) -> AsyncIterator[World]:
    async with converting(certificates) as world:
        yield world


async def apply(server: Shop, path: str, body: Obj, manager: str = "me", more: str = "") -> Answer:
    return await server.call("PATCH", f"{path}/{body['metadata']['name']}?fieldManager={manager}{more}", body, YAML)


async def test_a_custom_object_is_applied(server: Shop) -> None:
    made = await apply(server, V1, widget(size=1))
    assert made.status == 201, made.body
    assert made.body["spec"] == {"size": 1, "color": "blue"}
    assert owners(made.body) == {("me", ""): {"f:spec": {"f:size": {}}}}
    again = await apply(server, V1, widget(size=1))
    assert again.body == made.body
    refused = await apply(server, V1, widget(bogus=1))
    assert refused.status == 500
    assert refused.body["message"] == (
        "failed to create typed patch object (/a; shop.example.com/v1, Kind=Widget): "
        ".spec.bogus: field not declared in schema"
    )


async def test_updates_own_the_containers_they_add(server: Shop) -> None:
    made = await server.post(f"{V1}?fieldManager=me", widget(size=1))
    assert owners(made)["me", ""]["f:spec"] == {".": {}, "f:color": {}, "f:size": {}}


async def test_versions_that_differ_by_name_alone(server: Shop) -> None:
    await apply(server, V1, widget(size=1))
    refused = await apply(server, V2, widget(api_version="shop.example.com/v2", size=2), "you")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "me": .spec.size'
    mine = await apply(server, V2, widget(api_version="shop.example.com/v2", color="red"))
    assert mine.body["spec"] == {"color": "red"}


async def test_a_version_that_is_withdrawn_owns_nothing(server: Shop) -> None:
    await server.post(f"{V2}?fieldManager=old", widget(api_version="shop.example.com/v2", size=1))
    await server.redefine({"spec": {"versions": [version()]}})
    changed = await server.call("PATCH", f"{V1}/a?fieldManager=new", {"spec": {"size": 2}}, MERGE)
    assert owners(changed.body) == {("new", ""): {"f:spec": {"f:size": {}}}}


async def test_a_webhook_is_asked_what_another_version_loses(world: World) -> None:
    await world.server.post(f"{V2}?fieldManager=old", second(dimension=1, shape="square"))
    changed = await world.server.call("PATCH", f"{V1}/b?fieldManager=new", {"spec": {"size": 2}}, MERGE)
    found = owners(changed.body)
    assert found["new", ""] == {"f:spec": {"f:size": {}}}
    assert "f:dimension" not in found["old", ""]["f:spec"]


async def test_a_webhook_is_asked_for_conflicts(world: World) -> None:
    await apply(world.server, V2, second(dimension=1), "old")
    refused = await apply(world.server, V1, widget("b", size=2), "new")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "old": .spec.dimension'
    taken = await apply(world.server, V1, widget("b", size=2), "new", "&force=true")
    assert (taken.status, taken.body["spec"]["size"]) == (200, 2)
    assert "old" not in {manager for manager, _ in owners(taken.body)}


async def test_an_applier_who_changes_the_version_drops_fields(world: World) -> None:
    await apply(world.server, V1, widget("b", size=2, color="red"))
    less = await apply(world.server, V2, second(color="red"))
    assert less.status == 200, less.body
    assert "dimension" not in less.body["spec"]
    assert [entry["apiVersion"] for entry in less.body["metadata"]["managedFields"]] == ["shop.example.com/v2"]


async def test_a_webhook_that_fails_leaves_the_entries_as_they_are(world: World) -> None:
    await world.server.post(f"{V2}?fieldManager=old", second(dimension=1))
    before = await world.server.get(f"{V1}/b")
    world.hook.status = 500
    changed = await world.server.call("PATCH", f"{V1}/b?fieldManager=new", {"spec": {"size": 2}}, MERGE)
    assert (changed.status, changed.body["spec"]["size"]) == (200, 2)
    assert changed.body["metadata"]["managedFields"] == before["metadata"]["managedFields"]
    refused = await apply(world.server, V1, widget("b", size=3), "new")
    assert refused.status == 500
