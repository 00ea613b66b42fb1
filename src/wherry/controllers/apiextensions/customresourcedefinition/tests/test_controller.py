"""Names go to whoever comes first, and to the next when they are given back."""

from __future__ import annotations

import asyncio

from wherry.api import Obj
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.apiserver.extensions.tests.custom import conditions, definition
from wherry.controllers.tests.plane import Plane, only, running

NAMER = only("customresourcedefinition-controller")


async def get(plane: Plane, plural: str) -> Obj:
    return await plane.get(CUSTOMRESOURCEDEFINITIONS, f"{plural}.shop.example.com")


async def test_a_name_goes_to_one_of_those_who_ask_at_once() -> None:
    async with running(NAMER) as plane:
        made = [definition(f"widgets{n}", f"Widget{n}", names={"shortNames": ["w"]}) for n in range(5)]
        await asyncio.gather(*(plane.client.create(CUSTOMRESOURCEDEFINITIONS, one) for one in made))
        await plane.settle()
        found = [conditions(await get(plane, f"widgets{n}"))["Established"][0] for n in range(5)]
        assert sorted(found) == ["False"] * 4 + ["True"]


async def test_a_name_that_is_given_back_goes_to_who_waits_for_it() -> None:
    async with running(NAMER) as plane:
        for plural, kind in (("firsts", "First"), ("seconds", "Second")):
            await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition(plural, kind, names={"shortNames": ["w"]}))
        second = await get(plane, "seconds")
        assert conditions(second)["NamesAccepted"] == ("False", "ShortNamesConflict")
        patch = {"spec": {"names": {"shortNames": ["x"]}}}
        await plane.client.patch(CUSTOMRESOURCEDEFINITIONS, "firsts.shop.example.com", patch)
        await plane.settle()
        second = await get(plane, "seconds")
        assert conditions(second)["Established"] == ("True", "InitialNamesAccepted")
        assert second["status"]["acceptedNames"]["shortNames"] == ["w"]


async def test_a_definition_that_is_deleted_gives_its_names_back() -> None:
    async with running(NAMER) as plane:
        for plural, kind in (("firsts", "First"), ("seconds", "Second")):
            await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition(plural, kind, names={"shortNames": ["w"]}))
        await plane.client.delete(CUSTOMRESOURCEDEFINITIONS, "firsts.shop.example.com")
        await plane.settle()
        assert conditions(await get(plane, "seconds"))["Established"][0] == "True"


async def test_one_that_was_never_established_goes_at_once() -> None:
    async with running(NAMER) as plane:
        for plural, kind in (("firsts", "First"), ("seconds", "Second")):
            await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition(plural, kind, names={"shortNames": ["w"]}))
        await plane.client.delete(CUSTOMRESOURCEDEFINITIONS, "seconds.shop.example.com")
        await plane.settle()
        left = await plane.items(CUSTOMRESOURCEDEFINITIONS)
        assert [each["metadata"]["name"] for each in left] == ["firsts.shop.example.com"]
