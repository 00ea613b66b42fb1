"""Objects move to the storage version when somebody asks for it."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.resource import Resource
from wherry.api.storagemigration.storageversionmigration import STORAGEVERSIONMIGRATIONS
from wherry.apiserver.extensions.tests.custom import definition, version, widget
from wherry.controllers.tests.plane import Plane, running

BEFORE = [version(), version("v2", storage=False)]
AFTER = [version(storage=False), version("v2")]


def migration(plural: str = "widgets", group: str = "shop.example.com") -> Obj:
    return {"metadata": {"name": "move"}, "spec": {"resource": {"group": group, "resource": plural}}}


async def kind(plane: Plane) -> Resource:
    return next(each for each in await plane.client.resources() if each.plural == "widgets")


async def conditions(plane: Plane) -> dict[str, tuple[str, str]]:
    found = await plane.get(STORAGEVERSIONMIGRATIONS, "move")
    assert found["status"]["resourceVersion"]
    return {each["type"]: (each["status"], each["reason"]) for each in found["status"]["conditions"]}


async def test_every_object_is_written_once() -> None:
    async with running() as plane:
        made = await plane.apply(CUSTOMRESOURCEDEFINITIONS, definition(versions=BEFORE))
        for number in range(70):
            await plane.client.create(await kind(plane), widget(f"w{number}", size=1), "default")
        name = made["metadata"]["name"]
        await plane.client.patch(CUSTOMRESOURCEDEFINITIONS, name, {"spec": {"versions": AFTER}})
        await plane.settle()
        resource = await kind(plane)
        assert resource.version == "v2"
        before = {item["metadata"]["name"]: item["metadata"] for item in await plane.items(resource)}
        await plane.apply(STORAGEVERSIONMIGRATIONS, migration())
        after = {item["metadata"]["name"]: item["metadata"] for item in await plane.items(resource)}
        assert before.keys() == after.keys()
        assert all(before[name]["resourceVersion"] != after[name]["resourceVersion"] for name in before)
        assert all(before[name].get("managedFields") == after[name].get("managedFields") for name in before)
        assert await conditions(plane) == {
            "Running": ("False", "StorageVersionMigrationInProgress"),
            "Succeeded": ("True", "StorageVersionMigrationSucceeded"),
        }
        await plane.client.delete(STORAGEVERSIONMIGRATIONS, "move")
        await plane.apply(STORAGEVERSIONMIGRATIONS, migration())
        again = {item["metadata"]["name"]: item["metadata"] for item in await plane.items(resource)}
        assert again == after


async def test_a_kind_that_is_not_there_is_waited_for_a_while() -> None:
    async with running() as plane:
        await plane.apply(STORAGEVERSIONMIGRATIONS, migration())
        assert "status" not in (found := await plane.get(STORAGEVERSIONMIGRATIONS, "move")) or not found["status"]
        await plane.pass_time(70)
        assert await conditions(plane) == {"Failed": ("True", "StorageVersionMigrationFailed")}
