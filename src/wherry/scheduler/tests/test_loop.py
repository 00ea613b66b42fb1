"""Pods get nodes, promises and explanations through the API; what goes wrong is put right."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import ServiceUnavailable
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.api.types.core_v1 import Pod
from wherry.client import Client
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, ProfileSettings
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.queue import Place
from wherry.scheduler.rules import (
    PLACED_POD,
    Action,
    Filter,
    Handle,
    Hint,
    Plugin,
    Prepared,
    Refusal,
    Rejection,
)
from wherry.scheduler.tests.scene import Scene, scene


async def test_a_pod_gets_a_node_and_an_event() -> None:
    async with scene() as on:
        await on.node("n1")
        await on.pod("web")
        assert await on.home("web") == "n1"
        assert await on.events("web") == [("Scheduled", "Successfully assigned default/web to n1")]


_HELD = "example.com/held"
_SKIPPED = ("FailedScheduling", "skip schedule deleting pod: default/held")


async def _hold(on: Scene) -> None:
    """A Pod whose deletion begins and does not end."""
    await on.client.patch(PODS, "held", {"metadata": {"finalizers": [_HELD]}}, "default")
    await on.delete("held")
    assert "deletionTimestamp" in (await on.get("held"))["metadata"]


async def test_a_pod_on_its_way_out_is_skipped_when_its_turn_comes() -> None:
    async with scene() as on:
        await on.pod("held")
        await _hold(on)
        assert _SKIPPED not in await on.events("held")
        await on.node("n1")
        await on.pass_time(1)
        assert await on.home("held") == ""
        assert (await on.events("held"))[-1] == _SKIPPED
        assert on.scheduler.queue.place((await on.get("held"))["metadata"]["uid"]) is Place.OUT


async def test_a_pod_on_its_way_out_takes_no_room() -> None:
    async with scene() as on:
        await on.pod("held", cpu="2")
        await _hold(on)
        await on.pod("next", cpu="2")
        await on.node("n1", cpu="2")
        await on.pass_time(1)
        assert await on.homes() == {"held": "", "next": "n1"}


async def test_one_that_is_gone_is_nobodys_turn() -> None:
    async with scene() as on:
        await on.pod("held")
        await _hold(on)
        uid = (await on.get("held"))["metadata"]["uid"]
        await on.client.patch(PODS, "held", {"metadata": {"finalizers": None}}, "default")
        await on.settle()
        assert on.scheduler.queue.place(uid) is Place.OUT
        assert _SKIPPED not in await on.events("held")


async def test_why_not_is_said_once_and_ends_with_a_node_that_does() -> None:
    async with scene() as on:
        await on.node("small", cpu="1")
        await on.pod("web", cpu="2")
        message = (
            "0/1 nodes are available: 1 Insufficient cpu. "
            "no new claims to deallocate, "
            "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        )
        assert await on.why("web") == message
        assert await on.events("web") == [("FailedScheduling", message)]
        await on.node("tainted", cpu="4", taints=[{"key": "x", "effect": "NoSchedule"}])
        await on.node("large", cpu="4")
        assert await on.home("web") == "large"
        conditions = (await on.get("web"))["status"]["conditions"]
        assert [(one["type"], one["status"]) for one in conditions] == [("PodScheduled", "True")]


async def test_without_nodes() -> None:
    async with scene() as on:
        await on.pod("web")
        assert await on.why("web") == "no nodes available to schedule pods"
        await on.node("n1")
        assert await on.home("web") == "n1"


async def test_what_a_pod_leaves_goes_to_one_who_waits() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.pod("first", cpu="1")
        await on.pod("second", cpu="1")
        assert await on.home("second") == ""
        await on.delete("first")
        assert await on.home("second") == "n1"


async def test_gates() -> None:
    async with scene() as on:
        await on.node("n1")
        await on.pod("web", schedulingGates=[{"name": "example.com/wait"}])
        assert await on.home("web") == ""
        assert await on.events("web") == []
        await on.client.patch(PODS, "web", {"spec": {"schedulingGates": None}}, "default")
        await on.settle()
        assert await on.home("web") == "n1"


async def test_only_its_own_pods() -> None:
    settings = (ProfileSettings(), ProfileSettings("second"))
    async with scene(Configuration(profiles=settings)) as on:
        await on.node("n1")
        await on.pod("ours", schedulerName="second")
        await on.pod("theirs", schedulerName="somebody-else")
        assert await on.homes() == {"ours": "n1", "theirs": ""}


async def test_preemption_promises_the_node_and_marks_the_victim() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="1")
        await on.running("low")
        await on.pod("high", cpu="1", priority=1000)
        high, low = await on.get("high"), await on.get("low")
        assert high["status"]["nominatedNodeName"] == "n1"
        assert await on.why("high") == "0/1 nodes are available: 1 Insufficient cpu."
        assert "deletionTimestamp" in low["metadata"]
        disrupted = next(one for one in low["status"]["conditions"] if one["type"] == "DisruptionTarget")
        assert (disrupted["status"], disrupted["reason"]) == ("True", "PreemptionByScheduler")
        assert disrupted["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
        said = ("Preempted", f"Preempted by pod {high['metadata']['uid']} on node n1")
        assert said in await on.events("low")
        await on.delete("low")
        assert await on.home("high") == "n1"
        assert "nominatedNodeName" not in (await on.get("high"))["status"]


async def test_what_is_promised_is_not_given_to_a_lower_pod() -> None:
    async with scene() as on:
        await on.node("n1", cpu="2")
        await on.pod("low", cpu="1500m")
        await on.running("low")
        await on.pod("high", cpu="1", priority=1000)
        await on.pod("small", cpu="500m")
        await on.pod("tiny", cpu="400m", priority=2000)
        assert await on.homes() == {"low": "n1", "high": "", "small": "", "tiny": "n1"}
        await on.delete("low")
        assert await on.homes() == {"high": "n1", "small": "n1", "tiny": "n1"}


async def test_a_higher_pod_takes_the_promise_of_a_lower_one() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="1")
        await on.running("low")
        await on.pod("middle", cpu="1", priority=10)
        await on.delete("low")
        assert await on.home("middle") == "n1"
        await on.running("middle")
        await on.pod("high", cpu="1", priority=20)
        await on.pod("highest", cpu="1", priority=30)
        await on.delete("middle")
        assert await on.homes() == {"high": "", "highest": "n1"}


async def test_a_budget_turns_preemption_elsewhere() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.pod("kept", cpu="1", labels={"app": "kept"})
        await on.node("n2", cpu="1")
        await on.pod("free", cpu="1")
        budget = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "kept"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "kept"}}},
        }
        await on.client.create(PODDISRUPTIONBUDGETS, budget, "default")
        await on.pod("high", cpu="1", priority=1000)
        assert (await on.get("high"))["status"]["nominatedNodeName"] == "n2"
        assert "deletionTimestamp" not in (await on.get("kept"))["metadata"]


async def test_a_pod_that_another_bound_is_let_go() -> None:
    async with scene() as on:
        await on.pod("web")
        target = {"apiVersion": "v1", "kind": "Node", "name": "elsewhere"}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": target}
        await on.client.create(PODS, binding, "default", name="web", subresource="binding")
        await on.node("n1")
        assert await on.home("web") == "elsewhere"
        assert len(on.scheduler.queue) == 0


async def test_a_lost_node_is_forgotten() -> None:
    async with scene() as on:
        await on.node("n1")
        await on.client.delete(NODES, "n1")
        await on.pod("web")
        assert await on.why("web") == "no nodes available to schedule pods"


class Volume:
    """Held by one pod after the other; the first write fails."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.promised: list[str] = []
        self.on: Scene
        self.rejects = False

    def make(self, _args: object, _handle: Handle) -> Plugin:
        return Plugin("Volume", filter=Filter(self.prepare), hints=(Hint(PLACED_POD, Action.DELETE),))

    def prepare(self, pod: PodInfo, _: Cluster) -> Prepared:
        return Prepared(reserve=self.reserve)

    def reserve(self, node: NodeInfo) -> Volume | Refusal:
        self.log.append(f"reserve {node.name}")
        return self

    async def pre_bind(self) -> None:
        self.log.append("write")
        if self.rejects:
            raise Rejection(Refusal(("the disk is gone",)))
        self.promised.append((await self.on.get("web"))["status"]["nominatedNodeName"])
        if self.log.count("write") == 1:
            raise TimeoutError("the disk is slow")

    def unreserve(self) -> None:
        self.log.append("release")


async def test_what_is_held_is_given_back_when_it_cannot_be_written() -> None:
    volume = Volume()
    settings = ProfileSettings(filters=("Volume",), scores={})
    async with scene(Configuration(profiles=(settings,), plugins={"Volume": volume.make})) as on:
        volume.on = on
        await on.node("n1")
        await on.pod("web")
        assert volume.promised == ["n1"]
        assert volume.log == ["reserve n1", "write", "release"]
        message = 'running PreBind plugin "Volume": the disk is slow'
        assert await on.events("web") == [("FailedScheduling", message)]
        assert await on.why("web") == message
        assert on.scheduler.queue.place((await on.get("web"))["metadata"]["uid"]) is Place.BACKING_OFF
        await on.pass_time(1)
        assert volume.log == ["reserve n1", "write", "release", "reserve n1", "write"]
        assert await on.home("web") == "n1"


async def test_what_is_rejected_at_the_last_moment_waits_for_what_may_help() -> None:
    volume = Volume()
    volume.rejects = True
    settings = ProfileSettings(filters=("Volume",), scores={})
    async with scene(Configuration(profiles=(settings,), plugins={"Volume": volume.make})) as on:
        volume.on = on
        await on.node("n1")
        await on.pod("static", nodeName="n1")
        await on.pod("web")
        assert volume.log == ["reserve n1", "write", "release"]
        assert await on.events("web") == [("FailedScheduling", "0/1 nodes are available: 1 the disk is gone.")]
        assert on.scheduler.queue.place((await on.get("web"))["metadata"]["uid"]) is Place.WAITING
        volume.rejects = False
        volume.log.append("write")
        await on.delete("static")
        assert await on.home("web") == "n1"


async def test_a_plugin_that_breaks_is_an_error_of_the_pod() -> None:
    def prepare(pod: PodInfo, _: Cluster) -> None:
        raise ValueError("no idea")

    def make(_args: object, _handle: Handle) -> Plugin:
        return Plugin("Broken", filter=Filter(prepare))

    settings = ProfileSettings(filters=("Broken",), scores={})
    async with scene(Configuration(profiles=(settings,), plugins={"Broken": make})) as on:
        await on.node("n1")
        await on.pod("web")
        assert await on.events("web") == [("FailedScheduling", "no idea")]
        assert on.scheduler.counters.error == 1


async def test_what_others_placed_counts() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.pod("static", cpu="800m", nodeName="n1")
        await on.pod("web", cpu="500m")
        assert "Insufficient cpu" in await on.why("web")
        informer = on.client.informer(PODS, Pod)
        assert sum(1 for _ in informer.list("default")) == 2


async def test_room_is_made_once_for_a_pod_with_several_victims() -> None:
    async with scene() as on:
        await on.node("n1", cpu="2")
        for name in ("a", "b", "c", "d"):
            await on.pod(name, cpu="500m", terminationGracePeriodSeconds=0)
        await on.node("n2", cpu="1", unschedulable=True)
        await on.pod("high", cpu="2", priority=10)
        await on.pass_time(1)
        assert await on.homes() == {"high": "n1"}
        assert [reason for reason, _ in await on.events("high")] == ["FailedScheduling", "Scheduled"]


async def test_the_end_of_one_who_was_promised_room_helps_the_next() -> None:
    async with scene() as on:
        await on.node("n1", cpu="1")
        await on.pod("low", cpu="1")
        await on.running("low")
        await on.pod("high", cpu="1", priority=10)
        await on.delete("low")
        await on.pod("next", cpu="1", priority=5)
        assert await on.homes() == {"high": "n1", "next": ""}
        await on.delete("high")
        assert await on.home("next") == "n1"


class Flaky:
    """A client whose writes fail now and then, before or after they have had their effect."""

    def __init__(self, real: Client, chance: random.Random) -> None:
        self._real = real
        self._chance = chance
        self.failures = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._unreliably(found) if name in ("create", "patch", "delete") else found

    def _unreliably(self, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **options: Any) -> Any:
            luck = self._chance.random()
            if luck < 0.25:
                self.failures += 1
                raise ServiceUnavailable("try again")
            answer = await verb(*args, **options)
            if luck > 0.85:
                self.failures += 1
                raise ConnectionError("the answer was lost")
            return answer

        return call


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_fails_all_get_their_nodes_in_the_end(seed: int) -> None:
    flaky: list[Flaky] = []

    def between(client: Client) -> Client:
        flaky.append(Flaky(client, random.Random(seed)))
        return cast(Client, flaky[0])

    async with scene(between=between) as on:
        for name in ("n1", "n2"):
            await on.node(name, cpu="1")
        for number in range(10):
            await on.pod(f"low-{number}", cpu="200m", terminationGracePeriodSeconds=0)
        await on.pass_time(60)
        assert all((await on.homes()).values())
        for number in range(4):
            await on.pod(f"high-{number}", cpu="400m", priority=10)
        await on.pass_time(700)
        homes = await on.homes()
        assert all(home for name, home in homes.items() if name.startswith("high")), homes
        assert flaky[0].failures > 5


async def test_what_is_held_stays_held_when_only_the_answer_was_lost() -> None:
    class Deaf(Flaky):
        def _unreliably(self, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def call(*args: Any, **options: Any) -> Any:
                answer = await verb(*args, **options)
                if options.get("subresource") == "binding":
                    raise ConnectionError("the answer was lost")
                return answer

            return call

    volume = Volume()
    settings = ProfileSettings(filters=("Volume",), scores={})
    configuration = Configuration(profiles=(settings,), plugins={"Volume": volume.make})
    async with scene(configuration, lambda client: cast(Client, Deaf(client, random.Random(0)))) as on:
        volume.on = on
        volume.log.append("write")
        await on.node("n1")
        await on.pod("web")
        assert await on.home("web") == "n1"
        assert "release" not in volume.log
        assert len(on.scheduler.queue) == 0
