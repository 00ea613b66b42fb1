from __future__ import annotations

from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.controllers.tests.plane import only, running


async def test_the_default_account_comes_back() -> None:
    async with running(only("serviceaccount-controller")) as plane:
        first = await plane.get(SERVICEACCOUNTS, "default")
        await plane.client.delete(SERVICEACCOUNTS, "default", "default")
        await plane.settle()
        assert (await plane.get(SERVICEACCOUNTS, "default"))["metadata"]["uid"] != first["metadata"]["uid"]


async def test_every_namespace_has_one_but_those_that_are_going() -> None:
    async with running(only("serviceaccount-controller")) as plane:
        await plane.apply(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}})
        assert [one["metadata"]["name"] for one in await plane.items(SERVICEACCOUNTS, "blue")] == ["default"]
        await plane.client.delete(NAMESPACES, "blue")
        await plane.client.delete(SERVICEACCOUNTS, "default", "blue")
        await plane.settle()
        assert await plane.items(SERVICEACCOUNTS, "blue") == []


async def test_others_are_their_owners_affair() -> None:
    async with running(only("serviceaccount-controller")) as plane:
        await plane.apply(SERVICEACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ci"}})
        await plane.client.delete(SERVICEACCOUNTS, "ci", "default")
        await plane.settle()
        assert [one["metadata"]["name"] for one in await plane.items(SERVICEACCOUNTS)] == ["default"]
