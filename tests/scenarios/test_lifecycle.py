"""Control planes come and go in one process, as tests and virtual clusters make them: nothing of them stays behind.

Storage is memory and time is the test's, so what is left after `close` can be counted: tasks, timers, objects, bytes.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound, ServiceUnavailable
from wherry.client import Client, WatchEvent
from wherry.controlplane.plane import ControlPlane
from wherry.lib.clock import format_time
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.transport.messages import Peer, Request, Response

_PLANES = 30
_WARM = 5
"""Caches of the process fill with the first ones: compiled schemas, code, interned strings."""


@asynccontextmanager
async def running(clock: ManualClock | None = None, seed: int = 0) -> AsyncIterator[ControlPlane]:
    plane = ControlPlane(MemoryStore(), clock or ManualClock(), random.Random(seed))
    await plane.open()
    await plane.start()
    try:
        yield plane
    finally:
        await plane.close()


async def test_thirty_planes_leave_nothing_behind() -> None:
    tasks_before = asyncio.all_tasks()
    counts: list[int] = []
    for number in range(_PLANES):
        clock = ManualClock()
        async with running(clock) as plane:
            await _work(plane.client(), clock)
            watch = plane.client().watch(CONFIGMAPS, "default")
            assert (await anext(watch)).object["metadata"]["name"]
            await watch.aclose()  # type: ignore[attr-defined]
        assert asyncio.all_tasks() == tasks_before, f"tasks left by plane {number}"
        assert clock.next_due is None, f"a timer left by plane {number}"
        del plane, clock, watch
        gc.collect()
        assert _alive(ControlPlane) == 0, f"plane {number} is held by somebody"
        counts.append(sys.getallocatedblocks())
    growth = (counts[-1] - counts[_WARM]) / (_PLANES - _WARM - 1)
    assert growth < 20, f"{growth:.1f} blocks of memory stay of each plane: {counts}"


async def test_two_planes_do_not_see_each_other() -> None:
    clock = ManualClock()
    async with running(clock, 1) as one, running(clock, 2) as other:
        await one.client().create(NAMESPACES, _named("Namespace", "mine"))
        await one.client().create(CONFIGMAPS, _named("ConfigMap", "here"), "mine")
        await clock.advance(1)
        with pytest.raises(NotFound):
            await other.client().get(CONFIGMAPS, "here", "mine")
        assert "mine" not in {item["metadata"]["name"] for item in (await other.client().list(NAMESPACES)).items}
        await other.client().create(NAMESPACES, _named("Namespace", "mine"))
        await clock.advance(1)
        uids = [(await plane.client().get(NAMESPACES, "mine"))["metadata"]["uid"] for plane in (one, other)]
        assert uids[0] != uids[1]
        await one.client().delete(NAMESPACES, "mine")
        await clock.advance(60)
        with pytest.raises(NotFound):
            await one.client().get(NAMESPACES, "mine")
        assert (await other.client().get(NAMESPACES, "mine"))["status"]["phase"] == "Active"


async def test_a_closed_plane_refuses_politely() -> None:
    async with running() as plane:
        client = plane.client()
        watch = client.watch(CONFIGMAPS, "nowhere")
        next_event = asyncio.ensure_future(_next(watch))  # noqa: TID251 - waited for below
        await asyncio.sleep(0)
    assert await next_event is None
    with pytest.raises(ServiceUnavailable):
        await client.create(CONFIGMAPS, _named("ConfigMap", "late"), "default")
    reply = plane.handle(Request("GET", "/api/v1/namespaces", "", {}, b"", Peer("127.0.0.1", None)))
    assert isinstance(reply, Response)
    assert reply.status == 503
    await plane.close()  # once more does no harm


async def test_a_plane_that_was_never_started_closes() -> None:
    clock = ManualClock()
    plane = ControlPlane(MemoryStore(), clock, random.Random(0))
    await plane.open()
    await plane.close()
    assert clock.next_due is None


async def test_what_was_stored_is_there_for_the_next_plane() -> None:
    store, clock = MemoryStore(), ManualClock()
    for first in (True, False):
        plane = ControlPlane(store, clock, random.Random(0))
        await plane.open()
        await plane.start()
        if first:
            await _work(plane.client(), clock)
        assert await _available(plane.client()) == 3
        await plane.close()


async def test_a_deployment_rolls_by_the_clock() -> None:
    """A new template replaces Pod by Pod; nothing moves while the clock stands still and no Pod becomes ready."""
    clock = ManualClock()
    async with running(clock) as plane:
        client = plane.client()
        await _work(client, clock, min_ready=30)
        assert await _available(client) == 0, "ready, but not for long enough"
        await clock.advance(31)
        assert await _available(client) == 3
        template = {"spec": {"containers": [{"name": "main", "image": "example.test/web:2"}]}}
        await client.patch(DEPLOYMENTS, "web", {"spec": {"template": template}}, "default")
        for _ in range(10):
            await _settle(client, clock)
            assert await _available(client) >= 2
            await clock.advance(31)
        images = {pod["spec"]["containers"][0]["image"] for pod in (await client.list(PODS, "default")).items}
        assert images == {"example.test/web:2"}
        assert await _available(client) == 3
        sizes = sorted(each["spec"]["replicas"] for each in (await client.list(REPLICASETS, "default")).items)
        assert sizes == [0, 3]


async def _next(watch: AsyncIterator[WatchEvent]) -> WatchEvent | None:
    """The next event; None at the end."""
    return await anext(watch, None)


async def _work(client: Client, clock: ManualClock, min_ready: int = 0) -> None:
    """A cluster with a node, and a Deployment whose Pods run there."""
    await client.create(NODES, _named("Node", "n1"))
    await _beat(client, clock)
    await client.create(DEPLOYMENTS, _deployment(min_ready), "default")
    await _settle(client, clock)


async def _settle(client: Client, clock: ManualClock) -> None:
    """Let loops and scheduler work, and be the kubelet: what is bound runs, what is to go is gone."""
    await _beat(client, clock)
    for _ in range(12):
        await clock.advance(0.1)
        for pod in (await client.list(PODS, "default")).items:
            if pod["metadata"].get("deletionTimestamp"):
                await client.delete(PODS, pod["metadata"]["name"], "default", grace_seconds=0)
            elif pod["spec"].get("nodeName") and pod["status"]["phase"] == "Pending":
                since = _time(clock)
                ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
                pod["status"] |= {"phase": "Running", "startTime": since, "conditions": [ready]}
                await client.update(PODS, pod, subresource="status")


async def _beat(client: Client, clock: ManualClock) -> None:
    """The node is there and well."""
    amounts = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": _time(clock)}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}
    await client.patch(NODES, "n1", {"status": status}, subresource="status")


async def _available(client: Client) -> int:
    status: dict[str, Any] = (await client.get(DEPLOYMENTS, "web", "default"))["status"]
    return int(status.get("availableReplicas", 0))


def _deployment(min_ready: int) -> Obj:
    labels = {"app": "web"}
    return {
        **_named("Deployment", "web", "apps/v1"),
        "spec": {
            "replicas": 3,
            "minReadySeconds": min_ready,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example.test/web:1"}]},
            },
        },
    }


def _named(kind: str, name: str, version: str = "v1") -> Obj:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}


def _alive(kind: type[Any] | Callable[..., Any]) -> int:
    return sum(type(each) is kind for each in gc.get_objects())


def _time(clock: ManualClock) -> str:
    return format_time(clock.time())
