"""Who is promised a node, who else may go there meanwhile, and when nothing is promised any more."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from wherry.api.core.pod import PODS
from wherry.scheduler.configuration import Configuration, ProfileSettings
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.tests.objects import info
from wherry.scheduler.tests.scene import Scene, scene
from wherry.scheduler.tests.steps import Step, both, gone, node, node_gone, node_spec, patch, pod, status, taint


class Case(Struct, frozen=True):
    steps: tuple[Step, ...]
    homes: dict[str, str] = {}
    """Of the Pods that have one; victims that are on their way out still do."""
    promised: dict[str, str] = {}
    leaving: tuple[str, ...] = ()
    configuration: Configuration = Configuration()


def runs(name: str, node: str = "n1", cpu: str = "1", **more: Any) -> Step:
    """A Pod that is there already, and takes its time to go."""

    async def step(on: Scene) -> None:
        await pod(name, node, cpu=cpu, **more)(on)
        await on.running(name)

    return step


def wants(name: str, cpu: str = "1", priority: int = 0, **more: Any) -> Step:
    """A Pod for the scheduler."""
    return lambda on: on.pod(name, cpu, priority=priority, **more)


def told(name: str, node: str, **more: Any) -> Step:
    """A Pod to which something outside promises a node before it is looked at."""
    return both(
        wants(name, schedulingGates=[{"name": "example.com/wait"}], **more),
        status(name, nominatedNodeName=node),
        patch(PODS, name, spec={"schedulingGates": None}),
    )


def passes(seconds: float) -> Step:
    return lambda on: on.pass_time(seconds)


LOWS = tuple(runs(f"low-{number}") for number in range(4))
NO_EVICTION, NOTHING = (
    Configuration(profiles=(ProfileSettings(preemption=resorts),)) for resorts in (("DynamicResources",), ())
)
"""Without eviction, and without anything that is done for a Pod that fits nowhere."""

CASES: dict[str, Case] = {
    "room is promised, and nobody moves in before it is there": Case(
        (node("n1", "1"), runs("low"), wants("high", priority=10), passes(60)),
        homes={"low": "n1"},
        promised={"high": "n1"},
        leaving=("low",),
    ),
    "the promise ends with the binding": Case(
        (node("n1", "1"), runs("low"), wants("high", priority=10), gone("low")),
        homes={"high": "n1"},
    ),
    "a higher one evicts more, and takes the promise over": Case(
        (node("n1", "5"), *LOWS, wants("medium", "4", 5), wants("high", "3", 10)),
        homes={f"low-{number}": "n1" for number in range(4)},
        promised={"high": "n1"},
        leaving=("low-1", "low-2", "low-3"),
    ),
    "a higher one that needs no eviction moves in, and the lower one keeps the promise until it is tried again": Case(
        (node("n1", "2"), runs("low"), wants("medium", "2", 5), wants("high", "1", 10)),
        homes={"low": "n1", "high": "n1"},
        promised={"medium": "n1"},
        leaving=("low",),
    ),
    "what a higher one left is too little": Case(
        (node("n1", "2"), runs("low"), wants("medium", "2", 5), wants("high", "1", 10), gone("low"), passes(10)),
        homes={"high": "n1"},
    ),
    "the last node goes": Case(
        (node("n1", "1"), runs("low"), wants("high", priority=10), node_gone("n1"), gone("low"), passes(10)),
    ),
    "the promised node goes and no other helps": Case(
        (
            node("n1", "1"),
            node("n2", "1", taints=[taint("kept")]),
            runs("low"),
            wants("high", priority=10),
            node_gone("n1"),
            gone("low"),
            passes(10),
        ),
    ),
    "the promised node is closed": Case(
        (
            node("n1", "1"),
            runs("low"),
            wants("high", priority=10),
            node_spec("n1", unschedulable=True),
            gone("low"),
            passes(10),
        ),
    ),
    "a promise from outside that cannot be kept": Case(
        (node("n1", "1"), told("large", "n1", cpu="2")),
    ),
    "a promise from outside is kept if the Pod fits there": Case(
        (node("n1", "4"), node("n2", "2"), told("web", "n2", cpu="1")),
        homes={"web": "n2"},
    ),
    "another node, if the promised one has no room": Case(
        (node("n1", "4"), node("n2", "500m"), told("web", "n2", cpu="1")),
        homes={"web": "n1"},
    ),
    "one who waits gets another node that comes": Case(
        (node("n1", "1"), runs("low"), wants("high", priority=10), node("n2", "1"), passes(1)),
        homes={"low": "n1", "high": "n2"},
        leaving=("low",),
    ),
    "room kept for a lower one is free for a higher one": Case(
        (node("n1", "2"), runs("low", cpu="500m"), wants("medium", "1800m", 5), wants("high", "1500m", 10)),
        homes={"low": "n1", "high": "n1"},
        promised={"medium": "n1"},
        leaving=("low",),
    ),
    "room kept for an equal one is not free": Case(
        (node("n1", "2"), runs("low"), wants("first", "2", 5), wants("second", "1", 5)),
        homes={"low": "n1"},
        promised={"first": "n1"},
        leaving=("low",),
    ),
    "the small do not live off what is made free for the large": Case(
        (
            node("n1", "4"),
            *LOWS,
            wants("large", "4", 5),
            *(wants(f"small-{number}") for number in range(3)),
            *(gone(f"low-{number}") for number in range(4)),
            passes(20),
        ),
        homes={"large": "n1"},
    ),
    "a promise from outside is nothing to a profile that does nothing for those who fit nowhere": Case(
        (node("n1", "1"), told("large", "n1", cpu="2")),
        configuration=NOTHING,
    ),
    "a promise from outside stays where others than preemption were asked": Case(
        (node("n1", "1"), told("large", "n1", cpu="2")),
        promised={"large": "n1"},
        configuration=NO_EVICTION,
    ),
    "one that never evicts keeps a promise from outside": Case(
        (node("n1", "1"), told("large", "n1", cpu="2", preemptionPolicy="Never")),
        promised={"large": "n1"},
    ),
    "who waits for its victim evicts nobody elsewhere": Case(
        (
            node("n1", "1"),
            runs("low"),
            wants("high", priority=10),
            node("n2", "1", unschedulable=True),
            runs("other", "n2"),
            node_spec("n2", unschedulable=False),
            passes(10),
        ),
        homes={"low": "n1", "other": "n2"},
        promised={"high": "n1"},
        leaving=("low",),
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_promises(name: str) -> None:
    case = CASES[name]
    async with scene(case.configuration) as on:
        for step in case.steps:
            await step(on)
            await on.settle()
        pods = (await on.client.list(PODS, "default")).items
        names = [one["metadata"]["name"] for one in pods]
        homes = [one["spec"].get("nodeName") for one in pods]
        promised = [one["status"].get("nominatedNodeName") for one in pods]
        assert {one: home for one, home in zip(names, homes, strict=True) if home} == case.homes
        assert {one: node for one, node in zip(names, promised, strict=True) if node} == case.promised
        leaving = tuple(one["metadata"]["name"] for one in pods if "deletionTimestamp" in one["metadata"])
        assert leaving == case.leaving


def test_one_node_per_pod_and_all_pods_of_a_node() -> None:
    nominations = Nominations()
    low, high = info("low", priority=1), info("high", priority=2)
    nominations.set(low, "n1")
    nominations.set(high, "n1")
    nominations.set(low, "n2")
    assert (nominations.node(low.uid), nominations.on("n1"), nominations.on("n2")) == ("n2", [high], [low])
    assert nominations.remove(low.uid) is low
    assert nominations.remove(low.uid) is None
    assert (nominations.node(low.uid), nominations.on("n2"), bool(nominations)) == ("", [], True)


def test_the_equal_and_the_higher_are_ahead() -> None:
    nominations = Nominations()
    pods = {name: info(name, priority=priority) for name, priority in (("low", 1), ("equal", 2), ("high", 3))}
    for name, one in pods.items():
        nominations.set(one, f"node-of-{name}")
    ahead = dict(nominations.ahead_of(info("web", priority=2)))
    assert ahead == {"node-of-equal": [pods["equal"]], "node-of-high": [pods["high"]]}
    assert dict(nominations.ahead_of(pods["equal"])) == {"node-of-high": [pods["high"]]}
