"""Who a Pod is spread with when it does not say so: upstream's order of Services first, then the controller."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.core.service import SERVICES
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.scheduler.counting.siblings import ClientSiblings
from wherry.scheduler.counting.terms import EVERYTHING, Selection
from wherry.scheduler.plugins.tests.placed import a_pod
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

TEMPLATE = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


@asynccontextmanager
async def api() -> AsyncIterator[Client]:
    made = Api(Settings(store=MemoryStore(), clock=ManualClock(), random=random.Random(7)))
    await made.open()
    yield made.client()
    await made.close()


def service(name: str, **selector: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": selector, "ports": [{"port": 80}], "clusterIP": "None"},
    }


async def test_services_and_controllers() -> None:
    async with api() as client:
        siblings = ClientSiblings(client)
        pod = a_pod("p", {"a": "1", "b": "2", "c": "3"}, owner=("ReplicaSet", "web"))
        assert siblings.of(pod) == EVERYTHING
        await client.create(SERVICES, service("one", a="1"), "default")
        await client.create(SERVICES, service("other", a="2"), "default")
        assert siblings.of(pod) == Selection((("a", "1"),))
        replicaset = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": "web"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"b": "2"}}, "template": TEMPLATE},
        }
        await client.create(REPLICASETS, replicaset, "default")
        assert siblings.of(pod) == Selection((("a", "1"), ("b", "2")))
        await client.delete(SERVICES, "one", "default")
        assert siblings.of(pod) == Selection((("b", "2"),))
        assert siblings.of(a_pod("q", {"a": "1"})) == EVERYTHING


async def test_a_replicationcontroller_selects_by_a_map() -> None:
    async with api() as client:
        siblings = ClientSiblings(client)
        controller = {
            "apiVersion": "v1",
            "kind": "ReplicationController",
            "metadata": {"name": "web"},
            "spec": {"replicas": 1, "selector": {"b": "2"}, "template": TEMPLATE},
        }
        await client.create(REPLICATIONCONTROLLERS, controller, "default")
        pod = a_pod("p", {"a": "1", "b": "2"}, owner=("ReplicationController", "web"))
        assert siblings.of(pod) == Selection((("b", "2"),))
