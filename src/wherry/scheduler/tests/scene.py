"""A control plane in memory with a scheduler at work, and nobody else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.features import DEFAULTS, Features
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.reconcile.events import Recorder
from wherry.scheduler.configuration import Configuration
from wherry.scheduler.loop import Scheduler
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

_TURNS = 200


class Scene:
    """What a scenario has in its hands."""

    def __init__(self, client: Client, clock: ManualClock, scheduler: Scheduler) -> None:
        self.client = client
        self.clock = clock
        self.scheduler = scheduler

    async def settle(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await self.settle()

    async def node(self, name: str, cpu: str = "2", **more: Any) -> None:
        labels = {"kubernetes.io/hostname": name, **more.pop("labels", {})}
        metadata = {"name": name, "labels": labels}
        await self.client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": more})
        amounts = {"cpu": cpu, "memory": "4Gi", "pods": "110"}
        status = {"capacity": amounts, "allocatable": amounts}
        await self.client.patch(NODES, name, {"status": status}, subresource="status")
        await self.settle()

    async def pod(
        self,
        name: str,
        cpu: str = "100m",
        *,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
        **spec: Any,
    ) -> None:
        container = {"name": "c", "image": "app:1", "resources": {"requests": {"cpu": cpu}}}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}},
            "spec": {"containers": [container], "priority": 0, **spec},
        }
        await self.client.create(PODS, pod, "default")
        await self.settle()

    async def running(self, name: str) -> None:
        """Play the kubelet: the Pod runs, so that its deletion takes its time."""
        await self.client.patch(PODS, name, {"status": {"phase": "Running"}}, "default", subresource="status")

    async def delete(self, name: str) -> None:
        await self.client.delete(PODS, name, "default", grace_seconds=0)
        await self.settle()

    async def get(self, name: str) -> Obj:
        return await self.client.get(PODS, name, "default")

    async def home(self, name: str) -> str:
        home: str = (await self.get(name))["spec"].get("nodeName", "")
        return home

    async def homes(self) -> dict[str, str]:
        items = (await self.client.list(PODS, "default")).items
        return {pod["metadata"]["name"]: pod["spec"].get("nodeName", "") for pod in items}

    async def why(self, name: str) -> str:
        """The message of the condition that says why the Pod has no node."""
        conditions = (await self.get(name))["status"].get("conditions", [])
        return next((one.get("message", "") for one in conditions if one["type"] == "PodScheduled"), "")

    async def events(self, name: str) -> list[tuple[str, str]]:
        items = (await self.client.list(EVENTS, "default")).items
        return [(one["reason"], one["message"]) for one in items if one["involvedObject"]["name"] == name]


@asynccontextmanager
async def scene(
    configuration: Configuration | None = None,
    between: Callable[[Client], Client] = lambda client: client,
    features: Features = DEFAULTS,
) -> AsyncIterator[Scene]:
    """`between` puts something between the scheduler and its client."""
    clock = ManualClock()
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(7)))
    await api.open()
    client = api.client()
    recorder = Recorder(client, clock, "default-scheduler")
    scheduler = Scheduler(between(client), clock, random.Random(7), recorder, configuration, features)
    await scheduler.start()
    try:
        yield Scene(client, clock, scheduler)
    finally:
        await scheduler.close()
        await recorder.close()
        await api.close()
