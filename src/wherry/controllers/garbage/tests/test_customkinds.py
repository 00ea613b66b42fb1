"""Kinds that come, change and go while the collector works."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.errors import NotFound
from wherry.api.resource import Resource
from wherry.apiserver.extensions.tests.custom import definition, version, widget
from wherry.controllers.tests.plane import Plane, running


async def kind(plane: Plane) -> Resource:
    return next(each for each in await plane.client.resources() if each.plural == "widgets")


async def dependent(plane: Plane, owner: Obj) -> None:
    reference = {"apiVersion": "shop.example.com/v1", "kind": "Widget", "name": owner["metadata"]["name"]}
    reference["uid"] = owner["metadata"]["uid"]
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [reference]}}
    await plane.apply(CONFIGMAPS, child)


async def test_dependents_of_a_custom_object_go_with_it() -> None:
    async with running() as plane:
        await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition())
        owner = await plane.apply(await kind(plane), widget(size=1))
        await dependent(plane, owner)
        assert (await plane.get(CONFIGMAPS, "child"))["metadata"]["name"] == "child"
        await plane.client.delete(await kind(plane), "a", "default")
        await plane.settle()
        with pytest.raises(NotFound):
            await plane.get(CONFIGMAPS, "child")


async def test_a_kind_that_is_defined_anew_is_followed_once() -> None:
    async with running() as plane:
        made = await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition())
        first = await kind(plane)
        owner = await plane.apply(first, widget(size=1))
        patch = {"spec": {"versions": [version(), version("v2", storage=False)]}}
        await plane.client.patch(CUSTOMRESOURCEDEFINITIONS, made["metadata"]["name"], patch)
        await plane.settle()
        second = await kind(plane)
        assert second is not first
        await dependent(plane, owner)
        await plane.client.delete(second, "a", "default")
        await plane.settle()
        with pytest.raises(NotFound):
            await plane.get(CONFIGMAPS, "child")


async def test_dependents_go_with_the_definition_of_their_owners() -> None:
    async with running() as plane:
        made = await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition())
        await dependent(plane, await plane.apply(await kind(plane), widget(size=1)))
        await plane.client.delete(CUSTOMRESOURCEDEFINITIONS, made["metadata"]["name"])
        await plane.pass_time(1)
        with pytest.raises(NotFound):
            await plane.get(CUSTOMRESOURCEDEFINITIONS, made["metadata"]["name"])
        with pytest.raises(NotFound):
            await plane.get(CONFIGMAPS, "child")


async def test_a_namespace_goes_with_its_custom_objects() -> None:
    async with running() as plane:
        await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition())
        await plane.apply(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        await plane.apply(await kind(plane), widget(size=1), "shop")
        await plane.client.delete(NAMESPACES, "shop")
        for _ in range(3):
            await plane.pass_time(1.1)
        with pytest.raises(NotFound):
            await plane.get(NAMESPACES, "shop")
        assert await plane.items(await kind(plane), "shop") == []
