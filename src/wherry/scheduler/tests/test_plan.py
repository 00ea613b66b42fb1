"""Who goes where, and what is said when nobody fits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.types.core_v1 import Node
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.configuration import Configuration, ProfileSettings, make_profiles
from wherry.scheduler.model import PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import Placement, Planner, Unfit
from wherry.scheduler.rules import Handle
from wherry.scheduler.tests.objects import cluster, info, node
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster


def planner(nodes: Cluster) -> Planner:
    handle = Handle(no_cluster(), ManualClock(), random.Random(0), nodes)
    return Planner(make_profiles(Configuration(), handle)[0], nodes, Nominations())


def put(pod: PodInfo, nodes: Cluster, seed: int = 0) -> str:
    """The chosen node's name, or the message."""
    answer = planner(nodes).place(pod, random.Random(seed))
    return answer.node if isinstance(answer, Placement) else answer.message


def affinity(**terms: Any) -> Mapping[str, Any]:
    return {"affinity": {"nodeAffinity": terms}}


ZONE_A = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
REQUIRED = affinity(requiredDuringSchedulingIgnoredDuringExecution={"nodeSelectorTerms": [ZONE_A]})
BY_NAME = affinity(
    requiredDuringSchedulingIgnoredDuringExecution={
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}]
    }
)


def at_names(*names: list[str]) -> Mapping[str, Any]:
    """All of the lists at once, in one term."""
    fields = [{"key": "metadata.name", "operator": "In", "values": values} for values in names]
    return affinity(requiredDuringSchedulingIgnoredDuringExecution={"nodeSelectorTerms": [{"matchFields": fields}]})


GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}

CASES: dict[str, tuple[PodInfo, list[Node], str]] = {
    "no nodes": (info(), [], "no nodes available to schedule pods"),
    "fits": (info(cpu="1"), [node("n1")], "n1"),
    "too big": (info(cpu="3"), [node("n1")], "0/1 nodes are available: 1 Insufficient cpu."),
    "two reasons on one node": (
        info(cpu="3", memory="8Gi"),
        [node("n1")],
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
    ),
    "too many pods": (info(), [node("n1", pods="0")], "0/1 nodes are available: 1 Too many pods."),
    "the larger of two": (info(cpu="3"), [node("n1"), node("n2", cpu="4")], "n2"),
    "cordoned": (info(), [node("n1", unschedulable=True)], "0/1 nodes are available: 1 node(s) were unschedulable."),
    "cordoned but tolerated": (
        info(tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]),
        [node("n1", unschedulable=True)],
        "n1",
    ),
    "tainted": (
        info(),
        [node("n1", taints=[GPU]), node("n2", taints=[GPU])],
        "0/2 nodes are available: 2 node(s) had untolerated taint(s).",
    ),
    "taint tolerated": (info(tolerations=[{"key": "gpu", "value": "yes"}]), [node("n1", taints=[GPU])], "n1"),
    "taint of another value": (
        info(tolerations=[{"key": "gpu", "value": "no"}]),
        [node("n1", taints=[GPU])],
        "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
    ),
    "everything tolerated": (info(tolerations=[{"operator": "Exists"}]), [node("n1", taints=[GPU])], "n1"),
    "soft taint is avoided": (
        info(),
        [node("n1", taints=[{"key": "x", "effect": "PreferNoSchedule"}]), node("n2")],
        "n2",
    ),
    "node selector": (info(nodeSelector={"zone": "b"}), [node("n1"), node("n2", labels={"zone": "b"})], "n2"),
    "selector matches none": (
        info(nodeSelector={"zone": "b"}),
        [node("n1")],
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ),
    "required affinity": (info(**REQUIRED), [node("n1"), node("n2", labels={"zone": "a"})], "n2"),
    "affinity by name, as daemon sets do": (info(**BY_NAME), [node("n1"), node("n2")], "n2"),
    "affinity to two names at once": (
        info(**at_names(["n1"], ["n2"])),
        [node("n1"), node("n2")],
        "0/2 nodes are available: pod affinity terms conflict.",
    ),
    "affinity to a node that is not there": (
        info(**at_names(["n7"])),
        [node("n1"), node("n2")],
        "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    ),
    "affinity by name to a node that is full": (
        info(cpu="4", **at_names(["n1"])),
        [node("n1"), node("n2", cpu="8")],
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    ),
    "preferred affinity": (
        info(**affinity(preferredDuringSchedulingIgnoredDuringExecution=[{"weight": 10, "preference": ZONE_A}])),
        [node("n1"), node("n2", labels={"zone": "a"})],
        "n2",
    ),
    "image is there already": (
        info(),
        [node("n1"), node("n2", images=[{"names": ["app:1"], "sizeBytes": 900 << 20}])],
        "n2",
    ),
    "mixed reasons are counted and sorted": (
        info(cpu="3"),
        [node("n1"), node("n2", taints=[GPU]), node("n3", unschedulable=True), node("n4")],
        (
            "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, "
            "2 Insufficient cpu."
        ),
    ),
}


@pytest.mark.parametrize(("pod", "nodes", "expected"), CASES.values(), ids=CASES)
def test_places(pod: PodInfo, nodes: list[Node], expected: str) -> None:
    assert put(pod, cluster(*nodes)) == expected


def ports(address: str = "", port: int = 80, protocol: str = "TCP") -> PodInfo:
    container = {
        "name": "c",
        "ports": [{"containerPort": 1, "hostPort": port, "hostIP": address, "protocol": protocol}],
    }
    return info(f"p{address}{port}{protocol}", containers=[container])


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        (ports(), False),
        (ports("10.0.0.1"), False),
        (ports(port=81), True),
        (ports(protocol="UDP"), True),
    ],
    ids=["same", "wildcard collides", "other port", "other protocol"],
)
def test_host_ports_collide(other: PodInfo, fits: bool) -> None:
    nodes = cluster(node("n1"))
    nodes.set_pod(ports(), "n1")
    reason = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    assert put(other, nodes) == ("n1" if fits else reason)


def test_equal_nodes_are_chosen_by_chance() -> None:
    nodes = cluster(node("n1"), node("n2"), node("n3"))
    assert {put(info(), nodes, seed) for seed in range(30)} == {"n1", "n2", "n3"}


def test_large_clusters_are_searched_in_turns() -> None:
    nodes = cluster(*(node(f"n{i}") for i in range(500)))
    answer = planner(nodes).place(info(), random.Random(0))
    assert isinstance(answer, Placement)
    assert answer.asked == 230


def test_without_scores_the_first_that_fits_will_do() -> None:
    nodes = cluster(*(node(f"n{i}") for i in range(500)))
    handle = Handle(no_cluster(), ManualClock(), random.Random(0), nodes)
    profile = make_profiles(Configuration((ProfileSettings(scores={}),)), handle)[0]
    answer = Planner(profile, nodes, Nominations()).place(info(), random.Random(0))
    assert isinstance(answer, Placement)
    assert answer.asked == 1


def test_what_would_help_is_known() -> None:
    answer = planner(cluster(node("n1"))).place(info(cpu="9"), random.Random(0))
    assert isinstance(answer, Unfit)
    assert answer.plugins == {"NodeResourcesFit"}


@given(
    sizes=st.lists(st.integers(100, 4000), min_size=1, max_size=5),
    wants=st.lists(st.integers(1, 2000), max_size=30),
    seed=st.integers(0, 99),
)
def test_no_node_is_ever_overcommitted(sizes: list[int], wants: list[int], seed: int) -> None:
    nodes = cluster(*(node(f"n{i}", cpu=f"{size}m") for i, size in enumerate(sizes)))
    chance, plan = random.Random(seed), planner(nodes)
    for number, want in enumerate(wants):
        pod = info(f"p{number}", cpu=f"{want}m")
        answer = plan.place(pod, chance)
        if isinstance(answer, Placement):
            nodes.set_pod(pod, answer.node)
        else:
            assert all(one.allocatable["cpu"] - one.requested.get("cpu", 0) < want for one in nodes.nodes())
    assert all(one.requested.get("cpu", 0) <= one.allocatable["cpu"] for one in nodes.nodes())
