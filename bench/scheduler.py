"""How many Pods a second find their node: decisions alone, and with their bindings written through the API in process.

Throughput is per second of CPU, which others on the machine cannot take away: all of it runs on one thread, in memory.
The clusters are those of upstream's scheduler_perf; its CI asks for 680 to 810 Pods a second on 5,000 nodes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from bench.measure import Measure, measured
from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.types.core_v1 import Node, Pod
from wherry.apiserver.api import Api
from wherry.apiserver.api import Settings as ApiSettings
from wherry.client import Client
from wherry.lib.systemclock import SystemClock
from wherry.reconcile.events import Recorder
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, make_profiles
from wherry.scheduler.loop import Scheduler
from wherry.scheduler.model import Asks
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import Placement, Planner
from wherry.scheduler.rules import Handle
from wherry.store.memory import MemoryStore
from wherry.testing.nothing import no_cluster

_AMOUNTS = {"cpu": "32", "memory": "64Gi", "pods": "110"}
_HOST, _ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
_LABELS = {"app": "web"}
_SELECTOR = {"matchLabels": _LABELS}

Change = dict[str, Any]
_PLAIN: Change = {}
_SPREAD: Change = {
    "topologySpreadConstraints": [
        {"maxSkew": 5, "topologyKey": _ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": _SELECTOR}
    ]
}
_APART: Change = {
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": _SELECTOR, "topologyKey": _HOST}]
        }
    }
}
_RATHER_APART: Change = {
    "affinity": {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 100, "podAffinityTerm": {"labelSelector": _SELECTOR, "topologyKey": _HOST}}
            ]
        }
    }
}
_SERVICE: Obj = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": _LABELS, "clusterIP": "None", "ports": [{"port": 80}]},
}


async def run() -> list[Measure]:
    return [
        _decisions("decisions, 1,000 nodes", 1000, 5000, _PLAIN),
        _decisions("decisions, 5,000 nodes", 5000, 5000, _PLAIN),
        _decisions("decisions, 5,000 nodes, every Pod another", 5000, 500, _PLAIN, is_unequal=True),
        _decisions("decisions, 5,000 nodes, spread over zones", 5000, 2000, _SPREAD),
        _decisions("decisions, 5,000 nodes, one of a kind per node", 5000, 2000, _APART),
        await _bound("bound, 1,000 nodes, 10,000 Pods", 1000, 10_000, _PLAIN, 1000),
        await _bound("bound, 5,000 nodes, 5,000 Pods", 5000, 5000, _PLAIN, 700),
        await _bound("bound, 5,000 nodes, 2,000 Pods spread over zones", 5000, 2000, _SPREAD, 700),
        await _bound("bound, 5,000 nodes, 2,000 Pods of which no two share a node", 5000, 2000, _APART, 700),
        await _bound("bound, 5,000 nodes, 2,000 Pods of a Service", 5000, 2000, _PLAIN, 700, is_served=True),
        await _bound("bound, 5,000 nodes, 2,000 Pods that prefer to be apart", 5000, 2000, _RATHER_APART, 700),
        await _preempting("bound by preemption, 500 nodes, 500 Pods, a victim each", 500, 100),
        await _refused("refused, 5,000 nodes, 1,000 Pods", 5000, 1000, 700),
    ]


def _decisions(name: str, nodes: int, pods: int, change: Change, *, is_unequal: bool = False) -> Measure:
    cluster = Cluster()
    for number in range(nodes):
        cluster.set_node(msgspec.convert(_node(number), Node))
    handle = Handle(no_cluster(), SystemClock(), random.Random(0), cluster)
    planner = Planner(make_profiles(Configuration(), handle)[0], cluster, Nominations())
    asks = Asks()
    sizes = [f"{100 + number}m" if is_unequal else "100m" for number in range(pods)]
    infos = [asks.pod_info(msgspec.convert(_pod(number, change, cpu), Pod)) for number, cpu in enumerate(sizes)]
    chance, start = random.Random(0), 0
    with measured() as cost:
        for info in infos:
            answer = planner.place(info, chance, start)
            assert isinstance(answer, Placement)
            start += answer.asked
            cluster.set_pod(info, answer.node)
    return Measure(name, pods / cost.cpu, "Pods/s")


async def _bound(name: str, nodes: int, pods: int, change: Change, floor: float, *, is_served: bool = False) -> Measure:
    """Pods of a Service are spread by default, as those of every controller are."""
    async with _scheduling(nodes) as (client, scheduler):
        if is_served:
            await client.create(SERVICES, _SERVICE, "default")
        for number in range(pods):
            await client.create(PODS, _pod(number, change), "default")
        with measured() as cost:
            await scheduler.start()
            while scheduler.counters.scheduled < pods:
                await asyncio.sleep(0.005)
    return Measure(name, pods / cost.cpu, "Pods/s", floor, is_floor=True)


async def _preempting(name: str, nodes: int, floor: float) -> Measure:
    """Every node is full of lower Pods, one of which must go from each."""
    async with _scheduling(nodes) as (client, scheduler):
        low = {"priority": 0, "terminationGracePeriodSeconds": 0}
        for number in range(nodes * 4):
            await client.create(PODS, _pod(number, low, cpu="8"), "default")
        await scheduler.start()
        while scheduler.counters.scheduled < nodes * 4:
            await asyncio.sleep(0.005)
        with measured() as cost:
            for number in range(nodes * 4, nodes * 5):
                await client.create(PODS, _pod(number, {"priority": 10}, cpu="8"), "default")
            while scheduler.counters.scheduled < nodes * 5:
                await asyncio.sleep(0.005)
    return Measure(name, nodes / cost.cpu, "Pods/s", floor, is_floor=True)


async def _refused(name: str, nodes: int, pods: int, floor: float) -> Measure:
    """No node is large enough: every Pod gets its explanation, in its status and as an Event."""
    async with _scheduling(nodes) as (client, scheduler):
        await scheduler.start()
        with measured() as cost:
            for number in range(pods):
                await client.create(PODS, _pod(number, _PLAIN, cpu="40"), "default")
            while scheduler.counters.unschedulable < pods:
                await asyncio.sleep(0.005)
    return Measure(name, pods / cost.cpu, "Pods/s", floor, is_floor=True)


@asynccontextmanager
async def _scheduling(nodes: int) -> AsyncIterator[tuple[Client, Scheduler]]:
    """A control plane in memory with nodes, and a scheduler that has yet to start."""
    clock, chance = SystemClock(), random.Random(0)
    api = Api(ApiSettings(store=MemoryStore(), clock=clock, random=chance))
    await api.open()
    client = api.client()
    for number in range(nodes):
        await client.create(NODES, _node(number))
        await client.patch(NODES, f"n{number}", {"status": _node(number)["status"]}, subresource="status")
    recorder = Recorder(client, clock, "default-scheduler")
    scheduler = Scheduler(client, clock, chance, recorder)
    try:
        yield client, scheduler
    finally:
        await scheduler.close()
        await recorder.close()
        await api.close()


def _node(number: int) -> Obj:
    labels = {_HOST: f"n{number}", _ZONE: f"zone-{number % 10}"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"n{number}", "labels": labels},
        "status": {"capacity": _AMOUNTS, "allocatable": _AMOUNTS, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _pod(number: int, change: Change, cpu: str = "100m") -> Obj:
    requests = {"cpu": cpu, "memory": "500Mi"}
    container = {"name": "c", "image": "app:1", "resources": {"requests": requests}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p{number}", "namespace": "default", "uid": f"uid-{number}", "labels": _LABELS},
        "spec": {"containers": [container], **change},
    }
