"""What is sent of a status, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.apiserver.api import Api, Settings
from wherry.client import Client
from wherry.kubelet.pods.writer import StatusWriter, status_patch
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults


def test_only_what_changed() -> None:
    sent = {"phase": "Pending", "qosClass": "BestEffort", "conditions": [{"type": "Ready", "status": "False"}]}
    wanted = {"phase": "Running", "qosClass": "BestEffort", "conditions": [{"type": "Ready", "status": "False"}]}
    assert status_patch(sent, wanted) == {"phase": "Running"}
    assert status_patch(wanted, wanted) == {}


def test_conditions_go_one_by_one_and_forget_their_reasons() -> None:
    sent = {"conditions": [{"type": "A", "status": "True"}, {"type": "B", "status": "False", "reason": "Why"}]}
    wanted = {"conditions": [{"type": "A", "status": "True"}, {"type": "B", "status": "True"}]}
    assert status_patch(sent, wanted) == {"conditions": [{"type": "B", "status": "True", "reason": None}]}


def test_others_conditions_are_left_alone() -> None:
    sent = {"conditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert status_patch(sent, {"conditions": []}) == {}


def test_addresses_replace_each_other() -> None:
    sent = {"podIP": "1", "podIPs": [{"ip": "1"}]}
    wanted = {"podIP": "2", "podIPs": [{"ip": "2"}]}
    assert status_patch(sent, wanted) == {"podIP": "2", "podIPs": [{"$patch": "replace"}, {"ip": "2"}]}
    assert status_patch({}, wanted)["podIPs"] == [{"ip": "2"}]


def test_a_reason_that_is_over_is_taken_back() -> None:
    assert status_patch({"reason": "X", "message": "y"}, {}) == {"reason": None, "message": None}


def test_a_resize_that_is_over_takes_its_condition_along() -> None:
    pending = {"type": "PodResizePending", "status": "True"}
    gate = {"type": "example.com/gate", "status": "True"}
    assert status_patch({"conditions": [pending, gate]}, {"conditions": []}) == {
        "conditions": [{"$patch": "delete", "type": "PodResizePending"}]
    }


def test_zeros_that_a_view_does_not_show_are_no_change() -> None:
    shown = {"name": "c", "image": "i"}
    stored = {**shown, "restartCount": 0, "ready": False}
    assert status_patch({"containerStatuses": [shown]}, {"containerStatuses": [stored]}) == {}
    restarted = {"containerStatuses": [{**stored, "restartCount": 1}]}
    assert status_patch({"containerStatuses": [shown]}, restarted) == restarted
    assert status_patch({"containerStatuses": []}, {"containerStatuses": [stored]}) == {"containerStatuses": [stored]}


@pytest.mark.parametrize("place", ["state", "lastState"])
def test_neither_is_the_exit_code_of_what_ended_well(place: str) -> None:
    def status(**ended: Any) -> Obj:
        return {"containerStatuses": [{"name": "c", place: {"terminated": {"reason": "Completed", **ended}}}]}

    shown = status()
    assert status_patch(shown, status(exitCode=0)) == {}
    assert status_patch(shown, status(exitCode=0, startedAt=None)) == {}
    failed = status(exitCode=1)
    assert status_patch(shown, failed) == failed
    assert status_patch(failed, status(exitCode=0)) == status(exitCode=0)


POD: Obj = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"nodeName": "n1", "containers": [{"name": "a", "image": "a"}]},
}


@asynccontextmanager
async def api() -> AsyncIterator[tuple[Client, ManualClock, Faults]]:
    clock = ManualClock()
    faults = Faults(clock)
    made = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(2), gate=faults))
    await made.open()
    try:
        yield made.client(), clock, faults
    finally:
        await made.close()


async def test_a_rival_only_holds_a_status_up() -> None:
    async with api() as (client, clock, faults):
        pod = convert(Pod, await client.create(PODS, POD, "default"))
        writer = StatusWriter(client, clock)
        fault = faults.conflict_next("patch", "pods/status")
        writer.put(pod, {"phase": "Running"})
        await clock.advance(10)
        assert fault.hits == 1
        assert (await client.get(PODS, "p", "default"))["status"]["phase"] == "Running"
        writer.put(pod, {"phase": "Failed"})
        await writer.flush(pod)
        assert (await client.get(PODS, "p", "default"))["status"]["phase"] == "Failed"
        await writer.close()


async def test_nothing_is_said_of_another_pod_of_the_name() -> None:
    async with api() as (client, clock, _):
        pod = convert(Pod, await client.create(PODS, POD, "default"))
        await client.delete(PODS, "p", "default", grace_seconds=0)
        await client.create(PODS, POD, "default")
        writer = StatusWriter(client, clock)
        writer.put(pod, {"phase": "Failed"})
        await writer.flush(pod)
        assert (await client.get(PODS, "p", "default"))["status"]["phase"] == "Pending"
        await writer.close()
