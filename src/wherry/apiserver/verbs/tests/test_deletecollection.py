"""Deletions whose writes are ordered together."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.errors import Forbidden
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.attributes import Admission, Reader
from wherry.client import Client
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock


def keep_the_precious(admission: Admission, reader: Reader) -> None:
    if admission.operation == "DELETE" and admission.name == "precious":
        raise Forbidden("precious")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    settings = Settings(
        store=MemoryStore(), clock=ManualClock(), random=random.Random(1), validating=(keep_the_precious,)
    )
    api = Api(settings)
    await api.open()
    yield api.client()
    await api.close()


def configmap(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def names(client: Client) -> list[str]:
    return [each["metadata"]["name"] for each in (await client.list(CONFIGMAPS, "default")).items]


async def test_one_that_is_refused_keeps_no_other(client: Client) -> None:
    for name in ("a", "precious", "z"):
        await client.create(CONFIGMAPS, configmap(name), "default")
    with pytest.raises(Forbidden, match="precious"):
        await client.delete_collection(CONFIGMAPS, "default")
    assert await names(client) == ["precious"]


async def test_who_was_quicker_only_delays_it(client: Client) -> None:
    for name in ("a", "b", "c"):
        await client.create(CONFIGMAPS, configmap(name), "default")
    await asyncio.gather(
        client.patch(CONFIGMAPS, "b", {"data": {"x": "1"}}, "default"),
        client.delete(CONFIGMAPS, "c", "default"),
        client.delete_collection(CONFIGMAPS, "default"),
    )
    assert await names(client) == []


async def test_what_has_time_to_end_is_marked_once(client: Client) -> None:
    spec = {"containers": [{"name": "main", "image": "x"}], "nodeName": "n1"}
    for name in ("p", "q"):
        obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        await client.create(PODS, obj, "default")
    await client.delete_collection(PODS, "default", propagation="Background")
    marked = (await client.list(PODS, "default")).items
    assert [pod["metadata"]["deletionGracePeriodSeconds"] for pod in marked] == [30, 30]
    await client.delete_collection(PODS, "default", propagation="Background")
    assert (await client.list(PODS, "default")).items == marked


async def test_who_asked_and_went_away_leaves_no_failure_behind(client: Client) -> None:
    for name in ("a", "b"):
        await client.create(CONFIGMAPS, configmap(name), "default")
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
    async with asyncio.TaskGroup() as group:
        group.create_task(client.patch(CONFIGMAPS, "b", {"data": {"x": "1"}}, "default"))
        gone = group.create_task(client.delete_collection(CONFIGMAPS, "default"))
        await asyncio.sleep(0)
        gone.cancel()
    assert gone.cancelled()
    del gone, group  # They refer to all that was awaited.
    gc.collect()
    assert complaints == []
    assert await names(client) == ["b"]
