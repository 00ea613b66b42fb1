"""The awaitable cluster: on a loop of its own beside pytest's, and on a loop that settles."""

from __future__ import annotations

import asyncio

from wherry.api import Obj
from wherry.testing import AsyncCluster
from wherry.testing.eventloop import SettlingLoop


def configmap(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def use() -> None:
    async with AsyncCluster(0, clock="manual") as cluster:
        await cluster.apply(configmap("a"))
        api = cluster.client()
        assert (await api.get("cm/a"))["metadata"]["name"] == "a"
        snapshot = await cluster.snapshot()
        before = cluster.clock.now()
        await cluster.clock.advance(hours=1)
        await api.delete("cm/a")
        assert (cluster.clock.now() - before).total_seconds() == 3600
        async with cluster.fork(snapshot) as fork:
            assert await fork.client().get("cm/a")
            assert fork.clock.now() == before
        await cluster.restore(snapshot)
        assert (await cluster.wait("cm/a", "create"))["kind"] == "ConfigMap"
        seen = [event.type async for event in api.watch("cm", field_selector="metadata.name=a", timeout=1)]
        assert seen == ["ADDED"]


async def test_beside_a_loop_that_cannot_settle() -> None:
    await use()


def test_on_the_callers_own_loop() -> None:
    with asyncio.Runner(loop_factory=SettlingLoop) as runner:
        runner.run(use())
