"""Ratings by what is left of resources: upstream's cases with upstream's numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from wherry.api.types.core_v1 import Node, Pod
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import Asks, PodInfo
from wherry.scheduler.plugins import noderesources
from wherry.scheduler.plugins.resourcescores import broken_line, make_balanced
from wherry.scheduler.plugins.tests.placed import refusals, scores
from wherry.scheduler.rules import Handle
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

GPU = "nvidia.com/gpu"
ASKS = Asks()
Sums = Mapping[str, str]


def a_pod(name: str, *requests: Sums) -> PodInfo:
    containers = [{"name": f"c{number}", "resources": {"requests": request}} for number, request in enumerate(requests)]
    meta = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    return ASKS.pod_info(msgspec.convert({"metadata": meta, "spec": {"containers": containers}}, Pod))


def res(cpu: int | None = None, memory: int | None = None, gpu: int | None = None) -> Sums:
    given = {"cpu": f"{cpu}m" if cpu is not None else None, "memory": memory, GPU: gpu}
    return {name: str(amount) for name, amount in given.items() if amount is not None}


def weighed(**weights: int) -> list[dict[str, Any]]:
    return [{"name": GPU if name == "gpu" else name, "weight": weight} for name, weight in weights.items()]


@dataclass(frozen=True)
class Case:
    asked: Sequence[Sums]
    nodes: Sequence[Sums]
    placed: Sequence[Sequence[Sums]]
    expected: list[int] | None
    args: Mapping[str, Any] = field(default_factory=dict)

    def cluster(self) -> Cluster:
        made = Cluster()
        for number, amounts in enumerate(self.nodes):
            node = {"metadata": {"name": f"n{number}"}, "status": {"allocatable": amounts}}
            made.set_node(msgspec.convert(node, Node))
        for number, pods in enumerate(self.placed):
            for other, request in enumerate(pods):
                made.set_pod(a_pod(f"x{number}-{other}", request), f"n{number}")
        return made


WANTS = (res(1000, 2000), res(2000, 3000))
SMALL_LARGE = (res(4000, 10000), res(6000, 10000))
TWO = (res(10000, 20000), res(10000, 20000))
USED = ((res(3000, 0),), (res(3000, 5000),))
THREE = {"resources": weighed(cpu=1, memory=1, gpu=1)}

BALANCED: dict[str, Case] = {
    "nothing is asked": Case((), SMALL_LARGE, (), None),
    "sizes differ": Case(WANTS, SMALL_LARGE, (), [68, 75]),
    "with others": Case(WANTS, TWO, USED, [73, 74]),
    "with others, sizes differ": Case(WANTS, (TWO[0], res(10000, 50000)), USED, [73, 70]),
    "best and worst": Case((res(memory=2000), res(memory=3000)), (res(3000, 5000),) * 2, ((res(3000),), ()), [100, 50]),
    "full": Case((res(1000), res(2000)), (res(6000, 10000),) * 2, ((res(3000),), (res(3000, 5000),)), [62, 62]),
    "a scalar that is asked for": Case(
        (res(0, 0, 1),),
        (res(3500, 40000, 8),) * 2,
        ((res(3000, 5000, 3),), (res(3000, 5000),)),
        [75, 76],
        THREE,
    ),
    "a scalar that is not asked for": Case(WANTS, (res(3500, 40000, 8), res(3500, 40000)), (), [56, 56], THREE),
}


@pytest.mark.parametrize("case", BALANCED.values(), ids=BALANCED)
def test_balance(case: Case) -> None:
    cluster = case.cluster()
    found = scores(make_balanced(case.args, handle(cluster)), a_pod("p", *case.asked), cluster)
    assert (found and list(found.values())) == case.expected


def strategy(kind: str, resources: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {"scoringStrategy": {"type": kind, "resources": resources or [], **more}}


def ratio(shape: dict[int, int], resources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    points = [{"utilization": at, "score": score} for at, score in shape.items()]
    return strategy("RequestedToCapacityRatio", resources, requestedToCapacityRatio={"shape": points})


MOST = strategy("MostAllocated")
DOWN = ratio({0: 10, 100: 0})
PACKING = ratio({0: 0, 100: 1}, weighed(gpu=1))
ONE_GPU = (res(4000, 10000, 8), res(4000, 10000, 4))

FIT: dict[str, Case] = {
    "least: nothing is asked": Case((), SMALL_LARGE, (), [100, 100]),
    "least: sizes differ": Case(WANTS, SMALL_LARGE, (), [37, 50]),
    "least: others are there": Case((), TWO, ((res(6000, 0),), (res(6000, 5000),)), [70, 57]),
    "least: with others": Case(WANTS, TWO, USED, [57, 45]),
    "least: more than there is": Case((res(3000, 0),), (res(4000, 10000),) * 2, USED, [50, 25]),
    "least: nodes without anything": Case((), ({}, {}), USED, [0, 0]),
    "least: weights": Case(WANTS, SMALL_LARGE, (), [41, 50], strategy("LeastAllocated", weighed(memory=2, cpu=1))),
    "least: Pods are not counted": Case(
        (res(1000),),
        ({"cpu": "4", "pods": "2"},) * 2,
        ((res(0),), ()),
        [75, 75],
        {"scoringStrategy": {"type": "LeastAllocated", "resources": weighed(cpu=1, pods=9)}},
    ),
    "most: nothing is asked": Case((), SMALL_LARGE, (), [0, 0], MOST),
    "most: sizes differ": Case(WANTS, SMALL_LARGE, (), [62, 50], MOST),
    "most: others are there": Case((), TWO, ((res(6000, 0),), (res(6000, 5000),)), [30, 42], MOST),
    "most: with others": Case(WANTS, TWO, USED, [42, 55], MOST),
    "ratio: nothing is asked": Case((), SMALL_LARGE, (), [100, 100], DOWN),
    "ratio: sizes differ": Case(WANTS, SMALL_LARGE, (), [38, 50], DOWN),
    "ratio: others are there": Case((), SMALL_LARGE, ((res(3000, 5000),),) * 2, [38, 50], DOWN),
    "ratio: a scalar that is not asked for": Case((), ONE_GPU, (), [0, 0], PACKING),
    "ratio: a scalar": Case((res(gpu=2),), ONE_GPU, (), [2, 5], PACKING),
    "ratio: a scalar, with others": Case((res(gpu=2),), ONE_GPU, ((), (res(gpu=2),)), [2, 10], PACKING),
    "ratio: more of a scalar": Case((res(gpu=4),), ONE_GPU, (), [5, 10], PACKING),
}


@pytest.mark.parametrize("case", FIT.values(), ids=FIT)
def test_strategies(case: Case) -> None:
    cluster = case.cluster()
    found = scores(noderesources.make(case.args, handle(cluster)), a_pod("p", *case.asked), cluster)
    assert found is not None
    assert list(found.values()) == case.expected


@pytest.mark.parametrize(
    ("points", "heights"),
    [
        ([(10, 1), (90, 9)], {-10: 1, 0: 1, 9: 1, 10: 1, 15: 1, 19: 1, 20: 2, 89: 8, 90: 9, 99: 9, 110: 9}),
        ([(0, 2), (40, 10), (100, 0)], {-10: 2, 0: 2, 20: 6, 30: 8, 40: 10, 70: 5, 100: 0, 110: 0}),
        ([(0, 2), (40, 2), (100, 2)], dict.fromkeys((-10, 0, 20, 70, 110), 2)),
    ],
    ids=["up", "up and down", "level"],
)
def test_lines(points: list[tuple[int, int]], heights: dict[int, int]) -> None:
    assert {at: broken_line(points, at) for at in heights} == heights


def test_resources_that_others_look_after() -> None:
    cluster = Case((), (res(4000, 10000),), (), None).cluster()
    pod = a_pod("p", {"example.com/a": "1", "example.org/b": "1", "example.org/c": "1"})
    args = {"ignoredResources": ["example.org/b"], "ignoredResourceGroups": ["example.com"]}
    assert refusals(noderesources.make(args, handle(cluster)), pod, cluster) == {
        "n0": "Insufficient example.org/c, Too many pods"
    }


def handle(cluster: Cluster) -> Handle:
    return Handle(no_cluster(), ManualClock(), random.Random(0), cluster)
