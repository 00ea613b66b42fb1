from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.types.core_v1 import Event
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.reconcile.events import MAX_WAITING, Recorder, closing_namespaces
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

POD: Obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "default", "name": "web", "uid": "u1"}}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "u2"}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(clock: ManualClock) -> AsyncIterator[Client]:
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(1)))
    await api.open()
    yield api.client()
    await api.close()


async def turn() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_two_recorders_do_not_get_into_each_others_way(client: Client, clock: ManualClock) -> None:
    for component in ("kubelet", "default-scheduler"):
        Recorder(client, clock, component).event(POD, "Normal", "Said", f"by {component}")
    await turn()
    events = (await client.list(EVENTS, "default")).items
    assert sorted(event["message"] for event in events) == ["by default-scheduler", "by kubelet"]


async def test_equal_events_are_counted_on_one_object(client: Client, clock: ManualClock) -> None:
    recorder = Recorder(client, clock, "kubelet", "n1")
    recorder.event(POD, "Normal", "Pulled", "image pulled")
    await turn()
    await clock.advance(5)
    recorder.event(POD, "Normal", "Pulled", "image pulled")
    await turn()
    [event] = (await client.list(EVENTS, "default")).items
    assert event["count"] == 2
    assert event["firstTimestamp"] < event["lastTimestamp"]
    assert event["source"] == {"component": "kubelet", "host": "n1"}
    assert event["involvedObject"]["uid"] == "u1"
    await recorder.close()


@pytest.mark.parametrize("turns", range(8))
async def test_an_event_just_when_the_sender_ends_is_sent(client: Client, clock: ManualClock, turns: int) -> None:
    """There is a moment in which its task has ended and the event loop has not said so yet."""
    recorder = Recorder(client, clock, "kubelet")

    def later(turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(later, turns - 1)
        else:
            recorder.event(POD, "Normal", "Second", "x")

    def hear(old: Event | None, new: Event | None) -> None:
        if new is not None and new.reason == "First":
            asyncio.get_running_loop().call_soon(later, turns)

    client.informer(EVENTS, Event).add_handler(hear)
    recorder.event(POD, "Normal", "First", "x")
    await turn()
    assert {event["reason"] for event in (await client.list(EVENTS, "default")).items} == {"First", "Second"}
    await recorder.close()


async def test_events_of_cluster_scoped_objects_stand_in_default(client: Client, clock: ManualClock) -> None:
    recorder = Recorder(client, clock, "controllers")
    recorder.for_component("node-controller").event(NODE, "Normal", "Starting", "hello")
    await turn()
    [event] = (await client.list(EVENTS, "default")).items
    assert event["source"] == {"component": "node-controller"}
    assert event["involvedObject"]["kind"] == "Node"
    await recorder.close()


async def test_an_event_that_expired_is_made_anew(client: Client, clock: ManualClock) -> None:
    recorder = Recorder(client, clock, "kubelet")
    recorder.event(POD, "Normal", "Pulled", "x")
    await turn()
    [event] = (await client.list(EVENTS, "default")).items
    await client.delete(EVENTS, event["metadata"]["name"], "default")
    recorder.event(POD, "Normal", "Pulled", "x")
    await turn()
    [fresh] = (await client.list(EVENTS, "default")).items
    assert fresh["count"] == 1
    assert fresh["metadata"]["name"] != event["metadata"]["name"]
    await recorder.close()


async def test_callers_never_fail_and_never_wait(client: Client, clock: ManualClock) -> None:
    recorder = Recorder(client, clock, "kubelet")
    for _ in range(MAX_WAITING + 10):
        recorder.event(POD, "Normal", "Pulled", "x" * 5000)
    assert recorder.dropped >= 10
    recorder.event({"metadata": {"namespace": "nowhere", "name": "x"}}, "Normal", "R", "m")
    await turn()
    await recorder.close()


async def test_nothing_is_asked_of_a_namespace_that_would_refuse_it(clock: ManualClock) -> None:
    faults = Faults(clock)
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(1), gate=faults))
    await api.open()
    client = api.client()
    recorder = Recorder(client, clock, "kubelet", is_closing=closing_namespaces(client))
    await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    pod = {**POD, "metadata": {**POD["metadata"], "namespace": "shop"}}
    recorder.event(pod, "Normal", "Started", "It runs")
    await turn()
    await client.delete(NAMESPACES, "shop")
    creations = faults.fail_next("create", "events", times=None)
    recorder.event(pod, "Normal", "Killing", "It ends")
    await turn()
    assert creations.hits == 0
    recorder.event(NODE, "Normal", "Ready", "It is there")
    await turn()
    assert creations.hits == 1
    assert [event["reason"] for event in (await client.list(EVENTS, "shop")).items] == ["Started"]
    await recorder.close()
    await api.close()
