"""A control plane in memory with simulated nodes, on a manual clock: what the scenarios here run on."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.resource import Resource
from wherry.apiserver.inprocess import InProcessClient
from wherry.controlplane.plane import ControlPlane
from wherry.controlplane.settings import Settings
from wherry.providers.simulated.behaviour import Behaviours
from wherry.providers.simulated.nodes import SimulatedNodes
from wherry.providers.simulated.nodespec import NodeSpec, node_specs
from wherry.providers.simulated.stages.stage import Stage
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.eventloop import settle


class Cluster:
    """What a scenario has in its hands."""

    def __init__(
        self,
        specs: Sequence[NodeSpec],
        behaviours: Sequence[Behaviours] = (),
        store: MemoryStore | None = None,
        clock: ManualClock | None = None,
        settings: Settings | None = None,
        stages: Sequence[Stage] = (),
    ) -> None:
        self.clock = clock or ManualClock()
        self.store = store or MemoryStore()
        self._chance = random.Random(7)
        self._specs, self._behaviours, self._stages = specs, behaviours, stages
        self.plane = ControlPlane(self.store, self.clock, self._chance, settings)
        self.client: InProcessClient
        self.nodes: SimulatedNodes

    async def start(self) -> None:
        await self.plane.open()
        self.client = self.plane.client()
        await self.plane.start()
        await self.start_nodes()

    async def start_nodes(self) -> None:
        kubelet = self.plane.api.client().named("kubelet")
        self.nodes = SimulatedNodes(kubelet, self.clock, self._chance, self._specs, self._behaviours, self._stages)
        await self.nodes.start()
        await self.settle()

    async def close(self) -> None:
        await self.nodes.close()
        await self.plane.close()

    async def settle(self) -> None:
        for _ in range(40):
            await settle()

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await self.settle()

    async def apply(self, resource: Resource, obj: Obj) -> Obj:
        created = await self.client.create(resource, obj, "default" if resource.is_namespaced else "")
        await self.settle()
        return created

    async def run(self, name: str = "web", *, annotations: dict[str, str] | None = None, **spec: Any) -> Obj:
        """A Pod of one container that says nothing else."""
        body = {"containers": [{"name": "main", "image": "busybox:1"}], **spec}
        meta = {"name": name, "annotations": annotations or {}}
        return await self.apply(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body})

    async def pod(self, name: str = "web") -> Obj:
        return await self.client.get(PODS, name, "default")

    async def pods(self) -> list[Obj]:
        return (await self.client.list(PODS, "default")).items

    async def node(self, name: str) -> Obj:
        return await self.client.get(NODES, name)

    async def events(self, name: str = "web", component: str = "kubelet") -> list[tuple[str, str]]:
        """(reason, message) of what has been recorded about an object, in order."""
        found = (await self.client.list(EVENTS, "default")).items
        mine = [
            each
            for each in found
            if each["involvedObject"]["name"] == name and each["source"].get("component") == component
        ]
        return [(each["reason"], each["message"]) for each in sorted(mine, key=lambda each: each["metadata"]["name"])]


@asynccontextmanager
async def running(
    count: int = 2,
    behaviours: Sequence[Behaviours] = (),
    specs: Sequence[NodeSpec] | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Cluster]:
    cluster = Cluster(node_specs(count) if specs is None else specs, behaviours, settings=settings)
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.close()


def condition(obj: Obj, type: str) -> str:
    """The status of one of an object's conditions; "" when it has none such."""
    return next((each["status"] for each in obj["status"].get("conditions", ()) if each["type"] == type), "")


def state(pod: Obj, container: str = "main") -> Obj:
    """The state of one container, init or not."""
    lists = ("containerStatuses", "initContainerStatuses")
    found = [each for name in lists for each in pod["status"].get(name, ()) if each["name"] == container]
    return dict(found[0]["state"])
