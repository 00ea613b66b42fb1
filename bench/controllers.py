"""How soon the loops are done: a Deployment's pods bound, a namespace's objects gone. In process, SQLite on disk."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.api import configmap
from bench.measure import Measure
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.api.types.core_v1 import Pod
from wherry.client import Client
from wherry.controlplane.plane import ControlPlane
from wherry.lib.systemclock import SystemClock
from wherry.store.sqlite import SqliteStore

REPLICAS = 100
OBJECTS = 1000


async def run() -> list[Measure]:
    folder = Path(tempfile.mkdtemp(prefix="wherry-bench-"))
    clock = SystemClock()
    plane = ControlPlane(SqliteStore(folder / "state.db", clock), clock, random.Random(0))
    try:
        await plane.open()
        await plane.start()
        client = plane.client()
        for number in range(3):
            await _add_node(client, f"n{number}")
        rollouts = [await _roll_out(client, f"web{i}") for i in range(3)]
        return [
            Measure("Deployment of 100 replicas to 100 bound Pods", min(rollouts), "s", 0.25),
            Measure("namespace of 1,000 objects gone", await _empty_namespace(client), "s", 1.5),
        ]
    finally:
        await plane.close()
        shutil.rmtree(folder)


async def _add_node(client: Client, name: str) -> None:
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "500"}
    await client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
    status = {"capacity": amounts, "allocatable": amounts, "conditions": conditions}
    await client.patch(NODES, name, {"status": status}, subresource="status")


async def _roll_out(client: Client, name: str) -> float:
    bound: set[str] = set()
    done = asyncio.Event()

    def note(old: Pod | None, new: Pod | None) -> None:
        if new is not None and new.spec.node_name and new.metadata.labels.get("app") == name:
            bound.add(new.metadata.uid)
            if len(bound) == REPLICAS:
                done.set()

    client.informer(PODS, Pod).add_handler(note)
    labels = {"app": name}
    template: dict[str, Any] = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "a:1"}]}}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template}
    began = time.perf_counter()
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    await client.create(DEPLOYMENTS, deployment, "default")
    await asyncio.wait_for(done.wait(), 30)
    return time.perf_counter() - began


async def _empty_namespace(client: Client) -> float:
    await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "full"}})
    await asyncio.gather(*(client.create(CONFIGMAPS, configmap(f"c{i}"), "full") for i in range(OBJECTS)))
    began = time.perf_counter()
    await client.delete(NAMESPACES, "full")
    while time.perf_counter() - began < 30:
        try:
            await client.get(NAMESPACES, "full")
        except NotFound:
            return time.perf_counter() - began
        await asyncio.sleep(0.005)
    raise RuntimeError("the namespace did not go")
