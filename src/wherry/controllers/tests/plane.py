"""A control plane in memory with controllers at work, and someone who plays the kubelet."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.features import DEFAULTS, Features
from wherry.api.features import features as all_features
from wherry.api.resource import Resource
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.attributes import Plugin
from wherry.apiserver.gate import Gate
from wherry.client import Client
from wherry.controllers import catalog
from wherry.controllers.core.kubernetes.controller import Address
from wherry.lib.clock import format_time
from wherry.reconcile.controller import Controller
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

EVERYTHING = all_features({"AllAlpha": True, "AllBeta": True})
Choice = Callable[[Sequence[Controller]], Sequence[Controller]]


class Plane:
    """What a scenario has in its hands."""

    def __init__(self, client: Client, clock: ManualClock, features: Features = DEFAULTS) -> None:
        self.client = client
        self.clock = clock
        self.features = features
        self.recorder = Recorder(client, clock, "controllers")
        self.loops: list[Loops] = []

    async def start(self, choose: Choice) -> None:
        """Let (further) controllers work."""
        settings = catalog.Settings(
            root_ca=lambda: "-----BEGIN CERTIFICATE-----\n", address=Address("10.43.0.1", "192.0.2.2", 6443)
        )
        controllers = choose(catalog.controllers(settings, self.features))
        loops = Loops(controllers, self.client, self.clock, random.Random(7), self.recorder, None, self.features)
        self.loops.append(loops)
        await loops.start()
        await self.settle()

    async def stop(self) -> None:
        for loops in self.loops:
            await loops.stop()
        self.loops.clear()
        await self.recorder.close()

    async def settle(self) -> None:
        for loops in self.loops:
            await loops.settled()

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await self.settle()

    async def apply(self, resource: Resource, obj: Obj, namespace: str = "default") -> Obj:
        created = await self.client.create(resource, obj, namespace if resource.is_namespaced else "")
        await self.settle()
        return created

    async def get(self, resource: Resource, name: str, namespace: str = "default") -> Obj:
        return await self.client.get(resource, name, namespace if resource.is_namespaced else "")

    async def items(self, resource: Resource, namespace: str = "default") -> list[Obj]:
        return (await self.client.list(resource, namespace if resource.is_namespaced else "")).items

    async def pods(self, namespace: str = "default") -> list[Obj]:
        return await self.items(PODS, namespace)

    async def run_pods(self, pods: Sequence[Obj] | None = None) -> None:
        """Play the kubelet: every Pod that is not on its way out runs and is ready; the others end."""
        for pod in await self.pods() if pods is None else pods:
            if "deletionTimestamp" in pod["metadata"]:
                await self.end_pod(pod)
            elif pod.get("status", {}).get("phase") in (None, "Pending"):
                await self.set_phase(pod, "Running", ready=True)
        await self.settle()

    async def end_pod(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        await self.client.delete(PODS, metadata["name"], metadata["namespace"], grace_seconds=0)

    async def set_phase(self, pod: Obj, phase: str, *, ready: bool = False, **status: Any) -> None:
        metadata = pod["metadata"]
        number = int(metadata["uid"][:6], 16)
        address = f"10.42.{number % 250}.{number // 250 % 250 + 1}"
        condition = {
            "type": "Ready",
            "status": "True" if ready else "False",
            "lastTransitionTime": format_time(self.clock.time()),
        }
        change: Obj = {
            "phase": phase,
            "conditions": [condition],
            "podIP": address,
            "podIPs": [{"ip": address}],
            **status,
        }
        patch: Obj = {"status": change}
        await self.client.patch(PODS, metadata["name"], patch, metadata["namespace"], subresource="status")


def everyone(controllers: Sequence[Controller]) -> Sequence[Controller]:
    return controllers


def only(*names: str) -> Choice:
    return lambda controllers: [controller for controller in controllers if controller.name in names]


def without(*names: str) -> Choice:
    return lambda controllers: [controller for controller in controllers if controller.name not in names]


@asynccontextmanager
async def running(
    choose: Choice = everyone,
    validating: tuple[Plugin, ...] = (),
    gate: Gate | None = None,
    features: Features = DEFAULTS,
) -> AsyncIterator[Plane]:
    """The API has every feature: controllers, which have `features`, meet what was stored while there were more."""
    clock = ManualClock()
    settings = Settings(
        store=MemoryStore(),
        clock=clock,
        random=random.Random(7),
        validating=validating,
        gate=gate,
        features=EVERYTHING,
    )
    api = Api(settings)
    await api.open()
    plane = Plane(api.client(), clock, features)
    await plane.start(choose)
    try:
        yield plane
    finally:
        await plane.stop()
        await api.close()


def deployment(name: str = "web", replicas: int = 3, **spec: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            **spec,
        },
    }


def template(name: str, image: str = "busybox:1", **spec: Any) -> Obj:
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": image}], **spec},
    }
