"""Quotas hold, whatever many writers do at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.core.resourcequota import RESOURCEQUOTAS
from wherry.api.core.service import SERVICES
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.errors import AlreadyExists, ApiError, Forbidden
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.lib.tasks import Tasks
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api(Settings(store=MemoryStore(), clock=ManualClock(), random=random.Random(3)))
    await api.open()
    yield api
    await api.close()


async def add_quota(client: Client, name: str = "q", **spec: Any) -> None:
    await client.create(
        RESOURCEQUOTAS,
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec},
        "default",
    )


def configmap(name: str) -> Obj:
    meta = {"generateName": "c-"} if not name else {"name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def pod(name: str, cpu: str) -> Obj:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}


async def test_fifty_creators_at_once_stay_within_the_quota(api: Api) -> None:
    client = api.client()
    await add_quota(client, hard={"count/configmaps": "20"})
    outcomes = await asyncio.gather(
        *(client.create(CONFIGMAPS, configmap(""), "default") for _ in range(50)), return_exceptions=True
    )
    refusals = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(refusals) == 30
    assert all(isinstance(each, Forbidden) for each in refusals)
    assert len((await client.list(CONFIGMAPS, "default")).items) == 20
    said = str(refusals[0])
    assert said.startswith('configmaps "c-')
    assert said.endswith(
        "is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=20, "
        "limited: count/configmaps=20"
    )


async def test_what_fails_gives_back_what_it_booked(api: Api) -> None:
    client = api.client()
    await add_quota(client, hard={"configmaps": "2"})
    await client.create(CONFIGMAPS, configmap("a"), "default")
    for _ in range(5):
        with pytest.raises(AlreadyExists):
            await client.create(CONFIGMAPS, configmap("a"), "default")
    tasks = Tasks("writers")
    doomed = tasks.spawn(client.create(CONFIGMAPS, configmap("b"), "default"))
    await asyncio.sleep(0)
    doomed.cancel()
    await tasks.close()
    there = len((await client.list(CONFIGMAPS, "default")).items)
    fits = 2 - there
    for number in range(fits):
        await client.create(CONFIGMAPS, configmap(f"n{number}"), "default")
    with pytest.raises(Forbidden):
        await client.create(CONFIGMAPS, configmap("last"), "default")


async def test_what_goes_makes_room_at_once(api: Api) -> None:
    client = api.client()
    await add_quota(client, hard={"requests.cpu": "1"})
    await client.create(PODS, pod("a", "600m"), "default")
    with pytest.raises(
        Forbidden, match=r"requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1"
    ):
        await client.create(PODS, pod("b", "500m"), "default")
    await client.patch(PODS, "a", {"status": {"phase": "Succeeded"}}, "default", subresource="status")
    await client.create(PODS, pod("b", "500m"), "default")
    await client.delete(PODS, "b", "default", grace_seconds=0)
    await client.create(PODS, pod("b", "1"), "default")


async def test_quotas_that_come_later_count_what_is_there_and_are_heard_of_when_they_change(api: Api) -> None:
    client = api.client()
    await client.create(CONFIGMAPS, configmap("a"), "default")
    await add_quota(client, hard={"configmaps": "1"})
    with pytest.raises(Forbidden):
        await client.create(CONFIGMAPS, configmap("b"), "default")
    await client.patch(RESOURCEQUOTAS, "q", {"spec": {"hard": {"configmaps": "2"}}}, "default")
    await client.create(CONFIGMAPS, configmap("b"), "default")
    with pytest.raises(Forbidden):
        await client.create(CONFIGMAPS, configmap("c"), "default")
    await client.delete(RESOURCEQUOTAS, "q", "default")
    await client.create(CONFIGMAPS, configmap("c"), "default")


async def test_updates_that_use_more_are_refused_and_others_pass(api: Api) -> None:
    client = api.client()
    ports = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": ports}}
    await add_quota(client, hard={"services.nodeports": "1"})
    await client.create(SERVICES, service, "default")
    with pytest.raises(
        Forbidden, match=r'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2'
    ):
        await client.patch(SERVICES, "s", {"spec": {"type": "NodePort"}}, "default")
    await client.patch(SERVICES, "s", {"metadata": {"labels": {"a": "b"}}}, "default")
    one = {"spec": {"type": "NodePort", "ports": ports[:1]}}
    await client.patch(SERVICES, "s", one, "default")


async def test_a_pod_may_not_come_into_a_scope_that_is_full(api: Api) -> None:
    client = api.client()
    await add_quota(client, hard={"pods": "1"}, scopes=["Terminating"])
    for name in ("p", "q"):
        await client.create(PODS, pod(name, "1"), "default")
    limit = {"spec": {"activeDeadlineSeconds": 5}}
    await client.patch(PODS, "p", limit, "default")
    with pytest.raises(Forbidden, match="requested: pods=1, used: pods=1, limited: pods=1"):
        await client.patch(PODS, "q", limit, "default")
    await client.patch(PODS, "p", {"metadata": {"labels": {"a": "b"}}}, "default")


async def test_claims_and_pods_share_a_quota_on_what_stands_for_a_class(api: Api) -> None:
    client = api.client()
    device = {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}
    spec = {"devices": {"requests": [{"name": "r", "exactly": device}]}}
    await add_quota(client, hard={"requests.example.com/gpu": "3"})
    claim = {"metadata": {"name": "before"}, "spec": spec}
    await client.create(RESOURCECLAIMS, claim, "default")
    await client.create(RESOURCECLAIMS, {**claim, "metadata": {"name": "more"}}, "default")
    await client.delete(RESOURCECLAIMS, "more", "default")
    await client.create(
        DEVICECLASSES, {"metadata": {"name": "gpu"}, "spec": {"extendedResourceName": "example.com/gpu"}}
    )
    with pytest.raises(Forbidden, match=r"requested: requests.example.com/gpu=2, used: requests.example.com/gpu=2"):
        await client.create(RESOURCECLAIMS, {**claim, "metadata": {"name": "more"}}, "default")
    wants = pod("p", "1")
    amounts = {"example.com/gpu": "2"}
    wants["spec"]["containers"][0]["resources"] = {"requests": amounts, "limits": amounts}
    with pytest.raises(Forbidden, match=r"used: requests.example.com/gpu=2, limited: requests.example.com/gpu=3"):
        await client.create(PODS, wants, "default")


async def test_a_restart_counts_the_same() -> None:
    store = MemoryStore()
    api = Api(Settings(store=store, clock=ManualClock(), random=random.Random(3)))
    await api.open()
    await add_quota(api.client(), hard={"configmaps": "1"})
    await api.client().create(CONFIGMAPS, configmap("a"), "default")
    await api.close()
    again = Api(Settings(store=store, clock=ManualClock(), random=random.Random(4)))
    await again.open()
    with pytest.raises(Forbidden):
        await again.client().create(CONFIGMAPS, configmap("b"), "default")
    await again.close()


@settings(max_examples=25, deadline=None)
@given(
    limit=st.integers(0, 6),
    moves=st.lists(
        st.tuples(
            st.sampled_from(["create", "create", "create", "delete", "end"]), st.integers(0, 5), st.integers(1, 3)
        ),
        max_size=25,
    ),
    seed=st.integers(0, 9),
)
def test_no_order_of_concurrent_writes_exceeds_a_quota(
    limit: int, moves: list[tuple[str, int, int]], seed: int
) -> None:
    async def scenario() -> None:
        api = Api(Settings(store=MemoryStore(), clock=ManualClock(), random=random.Random(seed)))
        await api.open()
        client = api.client()
        await add_quota(client, hard={"requests.cpu": str(limit), "pods": str(limit)})

        async def move(what: str, number: int, cpu: int) -> None:
            for _ in range((seed + number) % 3):
                await asyncio.sleep(0)
            if what == "create":
                await client.create(PODS, pod(f"p{number}", str(cpu)), "default")
            elif what == "delete":
                await client.delete(PODS, f"p{number}", "default", grace_seconds=0)
            else:
                await client.patch(PODS, f"p{number}", {"status": {"phase": "Failed"}}, "default", subresource="status")
            _assert_within(await client.list(PODS, "default"), limit)

        outcomes = await asyncio.gather(*(move(*each) for each in moves), return_exceptions=True)
        assert all(each is None or isinstance(each, ApiError) for each in outcomes), outcomes
        _assert_within(await client.list(PODS, "default"), limit)
        await api.close()

    asyncio.run(scenario())


def _assert_within(page: Any, limit: int) -> None:
    running = [each for each in page.items if each["status"]["phase"] != "Failed"]
    asked = sum(int(each["spec"]["containers"][0]["resources"]["requests"]["cpu"]) for each in running)
    assert asked <= limit
    assert len(running) <= limit
