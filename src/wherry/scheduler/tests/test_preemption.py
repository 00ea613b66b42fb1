"""Who must go, and who never does."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.scheduler.configuration import Configuration, make_profiles
from wherry.scheduler.counting.terms import Selection
from wherry.scheduler.model import PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import Planner, Unfit
from wherry.scheduler.preemption import Budget, Candidate, Hopeless, Scene, candidates, choose
from wherry.scheduler.rules import Handle, Preemption
from wherry.scheduler.tests.objects import cluster, info, node
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

GPU = [{"key": "gpu", "effect": "NoSchedule"}]
PAIR = Budget("default", Selection((("app", "pair"),)), 1, frozenset())


def labelled(name: str, cpu: str, priority: int, app: str) -> PodInfo:
    return info(name, cpu=cpu, priority=priority, labels={"app": app})


class Case:
    """Nodes `n0`, `n1` ... of 2 CPUs with these pods, and what preemption makes of it."""

    def __init__(self, *homes: list[PodInfo], budgets: tuple[Budget, ...] = (), taints: int = 0) -> None:
        names = [f"n{number}" for number in range(len(homes))]
        self.cluster = cluster(*(node(name, taints=GPU if at < taints else []) for at, name in enumerate(names)))
        for name, pods in zip(names, homes, strict=True):
            for pod in pods:
                self.cluster.set_pod(pod, name)
        self.nominations = Nominations()
        self.budgets = budgets
        handle = Handle(no_cluster(), ManualClock(), random.Random(0), self.cluster)
        self.planner = Planner(make_profiles(Configuration(), handle)[0], self.cluster, self.nominations)

    def candidates(self, pod: PodInfo) -> list[Candidate] | Hopeless:
        unfit = self.planner.place(pod, random.Random(0))
        assert isinstance(unfit, Unfit), "fits without preemption"
        scene = Scene(self.cluster, self.nominations, Preemption(), random.Random(0))
        return candidates(pod, unfit, self.planner, self.budgets, scene)

    def victims(self, pod: PodInfo) -> str:
        """`n0: a b`, or the message."""
        found = self.candidates(pod)
        if isinstance(found, Hopeless):
            return found.message
        chosen = choose(found)
        return f"{chosen.node}: {' '.join(victim.key.name for victim in chosen.victims)}"


def since(name: str, day: str, cpu: str, priority: int = 0) -> PodInfo:
    return info(name, cpu=cpu, priority=priority, status={"startTime": f"2026-01-{day}T00:00:00Z"})


def terms(kind: str) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


URGENT = info("urgent", cpu="1", priority=100)
NONE = Budget("default", PAIR.selector, 0, frozenset())
NEAR, APART = terms("podAffinity"), terms("podAntiAffinity")
PORT: dict[str, Any] = {
    "containers": [{"name": "c", "image": "app:1", "ports": [{"containerPort": 80, "hostPort": 80}]}]
}
SPREAD: dict[str, Any] = {
    "labels": {"app": "web"},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}},
            "nodeAffinityPolicy": "Ignore",
        }
    ],
}

CASES: dict[str, tuple[Case, PodInfo, str]] = {
    "the lowest goes": (Case([info("a", cpu="1"), info("b", cpu="1", priority=1)]), URGENT, "n0: a"),
    "no more than needed": (
        Case([info("a", cpu="500m"), info("b", cpu="1500m", priority=1)]),
        info("urgent", cpu="500m", priority=100),
        "n0: a",
    ),
    "equals stay": (
        Case([info("a", cpu="2", priority=100)]),
        URGENT,
        "0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    ),
    "even all of them are too few": (
        Case([info("a", cpu="1"), info("b", cpu="1", priority=100)]),
        info("urgent", cpu="2", priority=100),
        "0/1 nodes are available: 1 Insufficient cpu.",
    ),
    "too large for any node": (
        Case([info("a", cpu="2")]),
        info("urgent", cpu="3", priority=100),
        "0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    ),
    "a taint does not go away": (
        Case([info("a", cpu="2")], [info("b", cpu="2")], taints=1),
        URGENT,
        "n1: b",
    ),
    "policy Never": (
        Case([info("a", cpu="2")]),
        info("urgent", cpu="1", priority=100, preemptionPolicy="Never"),
        "not eligible due to preemptionPolicy=Never.",
    ),
    "the node whose highest victim is lowest": (
        Case([info("a", cpu="2", priority=5)], [info("b", cpu="1", priority=1), info("c", cpu="1", priority=2)]),
        info("urgent", cpu="2", priority=100),
        "n1: c b",
    ),
    "the node with the smaller sum": (
        Case([info("a", cpu="1"), info("b", cpu="1")], [info("c", cpu="2")]),
        info("urgent", cpu="2", priority=100),
        "n1: c",
    ),
    "a budget weighs more than priority": (
        Case(
            [labelled("a", "1", 0, "pair"), labelled("b", "1", 0, "pair")],
            [info("c", cpu="2", priority=50)],
            budgets=(PAIR,),
        ),
        info("urgent", cpu="2", priority=100),
        "n1: c",
    ),
    "a budget is broken when nothing else helps": (
        Case([labelled("a", "1", 0, "pair"), labelled("b", "1", 0, "pair")], budgets=(PAIR,)),
        info("urgent", cpu="2", priority=100),
        "n0: b a",
    ),
    "the one that has run for less long": (
        Case(
            [info("a", cpu="2", status={"startTime": "2026-01-01T00:00:00Z"})],
            [info("b", cpu="2", status={"startTime": "2026-01-02T00:00:00Z"})],
        ),
        URGENT,
        "n1: b",
    ),
    "the one whose highest victim has run for less long, whatever the others have": (
        Case(
            [since("a", "01", "1", 2), since("b", "05", "1", 1)],
            [since("c", "03", "1", 2), since("d", "02", "1", 1)],
        ),
        info("urgent", cpu="2", priority=100),
        "n1: c d",
    ),
    "what has not begun is lost first": (
        Case([since("a", "01", "2")], [info("b", cpu="2")]),
        URGENT,
        "n1: b",
    ),
    "of equals on a node, the one who began last": (
        Case([since("a", "02", "1"), since("b", "01", "1")]),
        URGENT,
        "n0: a",
    ),
    "fewer of equal sum": (
        Case([info("a", cpu="1", priority=-(2**31)), info("b", cpu="1", priority=5)], [info("c", cpu="2", priority=5)]),
        info("urgent", cpu="2", priority=100),
        "n1: c",
    ),
    "one of negative priority rather than two of lower": (
        Case([info("a", cpu="1", priority=-9), info("b", cpu="1", priority=-9)], [info("c", cpu="2", priority=-9)]),
        info("urgent", cpu="2", priority=0),
        "n1: c",
    ),
    "a budget counts no one whose eviction is under way": (
        Case(
            [labelled("a", "1", 0, "pair"), labelled("b", "1", 0, "pair")],
            [info("c", cpu="2", priority=50)],
            budgets=(Budget("default", PAIR.selector, 1, frozenset({"a"})),),
        ),
        info("urgent", cpu="2", priority=100),
        "n0: a b",
    ),
    "a budget of another namespace is none": (
        Case(
            [labelled("a", "1", 0, "pair"), labelled("b", "1", 0, "pair")],
            [info("c", cpu="2", priority=50)],
            budgets=(Budget("other", PAIR.selector, 0, frozenset()),),
        ),
        info("urgent", cpu="2", priority=100),
        "n0: a b",
    ),
    "of several budgets, the one that allows nothing counts": (
        Case(
            [labelled("a", "2", 0, "pair")],
            [labelled("b", "2", 50, "other")],
            budgets=(PAIR, NONE),
        ),
        URGENT,
        "n1: b",
    ),
    "who is protected by a budget stays rather than a higher one": (
        Case([labelled("a", "1", 0, "pair"), info("b", cpu="1", priority=9)], budgets=(NONE,)),
        URGENT,
        "n0: b",
    ),
    "of those that a budget protects, the first are counted as allowed": (
        Case([labelled(name, "1", rank, "pair") for rank, name in enumerate("ab")], budgets=(PAIR,)),
        URGENT,
        "n0: b",
    ),
    "the port that is wanted": (
        Case([info("a", cpu="1"), info("b", cpu="100m", priority=9, **PORT)]),
        info("urgent", priority=100, **PORT),
        "n0: b",
    ),
    "one that keeps the Pod away": (
        Case([info("a"), info("b", priority=9, labels={"app": "web"})]),
        info("urgent", priority=100, **APART),
        "n0: b",
    ),
    "one who wants to be alone": (
        Case([info("a"), info("b", priority=9, labels={"app": "b"}, **APART)]),
        info("urgent", priority=100, labels={"app": "web"}),
        "n0: b",
    ),
    "one who keeps the Pod away from the node and has the rank to": (
        Case([info("b", priority=100, labels={"app": "web"})]),
        info("urgent", priority=100, **APART),
        "0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    ),
    "one too many on the node": (
        Case([info("a", **SPREAD), info("b", priority=1, **SPREAD)], []),
        info("urgent", priority=100, nodeSelector={"kubernetes.io/hostname": "n0"}, **SPREAD),
        "n0: b a",
    ),
    "one who must be near a lower Pod does not come": (
        Case([info("a", cpu="2", labels={"app": "web"})]),
        info("urgent", cpu="1", priority=100, **NEAR),
        "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
    ),
    "one who must be near a Pod that stays": (
        Case([info("a", cpu="1", priority=100, labels={"app": "web"}), info("b", cpu="1", priority=9)]),
        info("urgent", cpu="1", priority=100, **NEAR),
        "n0: b",
    ),
}


@pytest.mark.parametrize(("case", "pod", "expected"), CASES.values(), ids=CASES)
def test_victims(case: Case, pod: PodInfo, expected: str) -> None:
    assert case.victims(pod) == expected


def test_supposing_leaves_all_as_it_was() -> None:
    case = Case([info("a", cpu="1"), info("b", cpu="1", priority=1)], [info("c", cpu="2")])
    before = {uid: home.name for pod, home in case.cluster.pods() for uid in [pod.uid]}
    case.candidates(URGENT)
    assert {uid: home.name for pod, home in case.cluster.pods() for uid in [pod.uid]} == before
    assert case.cluster.order[0].requested == {"cpu": 2000, "pods": 2}


def test_one_preemption_at_a_time() -> None:
    victim = info("a", cpu="2", status={"conditions": [PREEMPTED]}, deleted=True)
    case = Case([victim])
    urgent = info("urgent", cpu="1", priority=100)
    case.nominations.set(urgent, "n0")
    assert case.victims(urgent) == "not eligible due to a terminating pod on the nominated node."


PREEMPTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}


@given(
    homes=st.lists(
        st.lists(st.tuples(st.integers(1, 15), st.integers(0, 5)), min_size=1, max_size=6), min_size=1, max_size=4
    ),
    want=st.integers(1, 20),
    priority=st.integers(0, 5),
)
def test_no_victim_is_as_high_and_all_of_them_are_needed(
    homes: list[list[tuple[int, int]]], want: int, priority: int
) -> None:
    pods: list[list[PodInfo]] = []
    for at, home in enumerate(homes):
        pods.append([])
        room = 20
        for number, (cpu, one_priority) in enumerate(home):
            if cpu <= room:
                room -= cpu
                pods[at].append(info(f"p{at}-{number}", cpu=f"{cpu}00m", priority=one_priority))
    case = Case(*pods)
    urgent = info("urgent", cpu=f"{want}00m", priority=priority)
    if not isinstance(case.planner.place(urgent, random.Random(0)), Unfit):
        return
    found = case.candidates(urgent)
    if isinstance(found, Hopeless):
        return
    for one in found:
        assert all(victim.ask.priority < priority for victim in one.victims)
        place = case.cluster.node(one.node)
        assert place is not None
        with case.cluster.supposing(removed=one.victims):
            assert case.planner.refusal(urgent, place) is None
        for spared in one.victims:
            with case.cluster.supposing(removed=[victim for victim in one.victims if victim is not spared]):
                assert case.planner.refusal(urgent, place) is not None
