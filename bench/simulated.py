"""A platform on simulated nodes: how soon many Pods run, what each costs to keep, how soon they go, what nodes cost.

In process, storage in memory, real clock: what is measured is the platform, not a disk. Nothing is waited for but the
platform's own work, so that CPU time is what the work takes on a machine with nothing else to do; that is held to the
targets. Each measure begins with a control plane of its own.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import Cost, Measure, measured
from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.api.types.core_v1 import Pod
from wherry.apiserver.inprocess import InProcessClient
from wherry.controlplane.plane import ControlPlane
from wherry.lib.systemclock import SystemClock
from wherry.providers.simulated.nodes import SimulatedNodes
from wherry.providers.simulated.nodespec import node_specs
from wherry.roles.running import collect_seldom
from wherry.store.memory import MemoryStore

_NAMESPACE = "bench"
_PATIENCE = 120.0


async def run() -> list[Measure]:
    collect_seldom()  # As a server does.
    return [*await _deployments(), *await _many_pods(), *await _many_nodes()]


@dataclass(slots=True)
class _Cluster:
    client: InProcessClient
    running: int = 0
    wanted: int = -1
    made: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.client.informer(PODS, Pod).add_handler(self._note)

    def _note(self, old: Pod | None, new: Pod | None) -> None:
        before = old is not None and old.status.phase == "Running"
        self.running += (new is not None and new.status.phase == "Running") - before
        if self.running == self.wanted:
            self.reached.set()

    async def until(self, wanted: int) -> None:
        """Wait until so many Pods run."""
        self.wanted = wanted
        self.reached.clear()
        if self.running != wanted:
            await asyncio.wait_for(self.reached.wait(), _PATIENCE)

    async def deploy(self, deployments: int, replicas: int) -> None:
        """So many Deployments more."""
        wanted = self.running + deployments * replicas
        for _ in range(deployments):
            self.made += 1
            await self.client.create(DEPLOYMENTS, _deployment(f"web{self.made}", replicas), _NAMESPACE)
        await self.until(wanted)

    async def empty(self) -> Cost:
        """What it takes until the namespace is gone with all there is in it."""
        with measured() as cost:
            await self._until_empty()
        return cost

    async def _until_empty(self) -> None:
        began = time.perf_counter()
        await self.client.delete(NAMESPACES, _NAMESPACE)
        while time.perf_counter() - began < _PATIENCE:
            try:
                await self.client.get(NAMESPACES, _NAMESPACE)
            except NotFound:
                return
            await asyncio.sleep(0.005)
        raise RuntimeError("the namespace did not go")


@asynccontextmanager
async def _cluster(nodes: int) -> AsyncIterator[_Cluster]:
    clock, chance = SystemClock(), random.Random(0)
    plane = ControlPlane(MemoryStore(), clock, chance)
    await plane.open()
    await plane.start()
    simulated = SimulatedNodes(plane.api.client().named("kubelet"), clock, chance, node_specs(nodes))
    await simulated.start()
    client = plane.client()
    await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
    await asyncio.sleep(0.2)
    try:
        yield _Cluster(client)
    finally:
        await simulated.close()
        await plane.close()


async def _deployments() -> list[Measure]:
    async with _cluster(50) as cluster:
        with measured() as cost:
            await cluster.deploy(100, 10)
        await asyncio.sleep(1.0)
        gone = await cluster.empty()
    return [
        *_both("100 Deployments of 10 replicas to 1,000 Pods Running", [cost], 1.5),
        *_both("namespace of 1,000 Pods and their owners gone", [gone], 1.0),
    ]


async def _many_pods() -> list[Measure]:
    async with _cluster(200) as cluster:
        with measured() as first:
            await cluster.deploy(10, 100)
        await asyncio.sleep(2.0)
        gc.collect()
        before = _resident()  # what is made once, and what is kept of the latest, is there by now
        with measured() as rest:
            await cluster.deploy(90, 100)
        await asyncio.sleep(5.0)
        gc.collect()
        size = (_resident() - before) / 9_000
        gone = await cluster.empty()
    return [
        *_both("10,000 simulated Pods Running", [first, rest], 20.0),
        Measure("memory per running simulated Pod, all told", size, "B", 12_000),
        *_both("namespace of 10,000 Pods gone", [gone], 8.0),
    ]


async def _many_nodes() -> list[Measure]:
    with measured() as registering:
        context = _cluster(1000)
        await context.__aenter__()
    await asyncio.sleep(1.0)
    with measured() as beating:
        await asyncio.sleep(20.0)
    await context.__aexit__(None, None, None)
    return [
        Measure("1,000 simulated nodes registered", registering.wall, "s"),
        Measure("heartbeats of 1,000 simulated nodes", beating.cpu / beating.wall * 100, "% of a core", 10.0),
    ]


def _both(what: str, costs: Sequence[Cost], target: float) -> list[Measure]:
    return [
        Measure(what, sum(cost.cpu for cost in costs), "s of CPU", target),
        Measure(f"{what}, as seen", sum(cost.wall for cost in costs), "s"),
    ]


def _deployment(name: str, replicas: int) -> Obj:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "busybox:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
