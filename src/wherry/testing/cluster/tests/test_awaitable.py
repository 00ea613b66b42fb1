"""The awaitable cluster: on a loop of its own beside pytest's, and on a loop that settles."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.errors import NotFound
from wherry.testing import AsyncCluster, Cluster, WaitTimeout
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


def test_from_a_task_of_trios() -> None:
    trio = pytest.importorskip("trio")
    trio.run(use)


def test_trio_gets_errors_and_gives_up_waiting() -> None:
    trio: Any = pytest.importorskip("trio")

    async def story() -> None:
        async with AsyncCluster(0) as cluster:
            with pytest.raises(NotFound):
                await cluster.client().get("cm/none")
            with pytest.raises(WaitTimeout):
                await cluster.wait("cm/none", "create", timeout=0.01)
            with trio.move_on_after(0.05) as waiting:
                await cluster.wait("cm/none", "create", timeout=60)
            assert waiting.cancelled_caught
            await cluster.apply(configmap("a"))

    trio.run(story)


def test_who_runs_no_tasks_is_told_what_to_use() -> None:
    with Cluster(0) as cluster, pytest.raises(RuntimeError, match="asyncio or trio; elsewhere there is Cluster"):
        cluster.awaitable().settle().send(None)
