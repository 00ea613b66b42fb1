from __future__ import annotations

from wherry.api.core.node import NODES
from wherry.controllers.core.nodettl.controller import ANNOTATION
from wherry.controllers.tests.plane import Plane, only, running


async def add(plane: Plane, first: int, last: int) -> None:
    for number in range(first, last):
        await plane.client.create(NODES, {"metadata": {"name": f"n{number}"}})
    await plane.settle()


async def shown(plane: Plane) -> set[str]:
    return {obj["metadata"]["annotations"][ANNOTATION] for obj in await plane.items(NODES)}


async def test_nodes_are_told_when_the_cluster_grows_and_when_somebody_meddles() -> None:
    async with running(only("ttl-controller")) as plane:
        await add(plane, 0, 3)
        assert await shown(plane) == {"0"}
        await plane.client.patch(NODES, "n1", {"metadata": {"annotations": {ANNOTATION: "99"}}})
        await plane.settle()
        assert await shown(plane) == {"0"}
        await add(plane, 3, 101)
        assert await shown(plane) == {"15"}
