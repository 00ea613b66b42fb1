"""Counts that follow every change are what one gets by counting anew, and say what the definitions say."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.population import Population
from wherry.scheduler.counting.tests.fixed import FixedNamespaces
from wherry.scheduler.counting.tests.plain import affinity_refuses, spread_refuses
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins import interpodaffinity, podtopologyspread
from wherry.scheduler.plugins.tests.placed import a_cluster, a_node, a_pod, refusals, scores
from wherry.scheduler.plugins.tests.test_interpodaffinity import AFFINITY, ANTI, EXISTING, term, wants
from wherry.scheduler.plugins.tests.test_podtopologyspread import HOST, TAINT, FooSiblings, soft, spread
from wherry.scheduler.rules import Plugin

LABELS = ["", "foo", "bar", "foo bar"]
SPACES = ["one", "two"]
OTHERS = {"namespaceSelector": {"matchLabels": {"team": "1"}}}
WISHES = [
    {},
    wants([term("zone")]),
    wants(far=[term("zone", "bar"), term(HOST)]),
    wants(near_rather=[(3, term("zone"))], far_rather=[(7, term(HOST, "bar"))]),
    wants(far=[term("zone", "foo", **OTHERS)]),
    wants([term("zone", "foo", **OTHERS)], near_rather=[(5, term("zone", "!foo", namespaceSelector={}))]),
]
SPREADS = [
    [spread("zone")],
    [spread(HOST, 2), spread("zone", label="bar", nodeTaintsPolicy="Honor")],
    [soft("zone"), soft(HOST)],
    [spread("zone", minDomains=3, nodeAffinityPolicy="Ignore"), soft("zone", label="bar")],
]
REASONS = {AFFINITY: "affinity", ANTI: "anti-affinity", EXISTING: "existing"}
change = st.tuples(
    st.sampled_from(["place", "place", "place", "going", "remove", "node", "no node", "namespace", "suppose"]),
    st.integers(0, 5),
    st.integers(0, 10_000),
)


def rules(cluster: Cluster, namespaces: FixedNamespaces) -> list[Plugin]:
    return [
        interpodaffinity.plugin(Population(cluster, namespaces)),
        podtopologyspread.plugin(Population(cluster, namespaces), FooSiblings()),
    ]


def recount(cluster: Cluster) -> Cluster:
    """The same nodes with the same Pods, put there in another order."""
    fresh = a_cluster()
    for node in reversed(list(cluster.nodes())):
        taints = [{"key": one.key, "value": one.value or "", "effect": one.effect} for one in node.taints]
        fresh.set_node(a_node(node.name, node.labels, taints))
    for pod, node in cluster.pods():
        if node.exists:
            fresh.set_pod(pod, node.name)
    return fresh


@settings(max_examples=50, deadline=None)
@given(st.lists(change, max_size=25), st.integers(0, 1000))
def test_counts_follow_every_change(changes: list[tuple[str, int, int]], seed: int) -> None:
    chance = random.Random(seed)
    cluster, namespaces = a_cluster(), FixedNamespaces({"one": {"team": "1"}})
    followed = rules(cluster, namespaces)
    asks = [
        a_pod("p", chance.choice(LABELS), chance.choice(SPACES), **chance.choice(WISHES)),
        a_pod("q", chance.choice(LABELS), chance.choice(SPACES), topologySpreadConstraints=chance.choice(SPREADS)),
        a_pod("r", "foo", "one", nodeSelector={"zone": "z1"}, topologySpreadConstraints=SPREADS[0]),
    ]
    placed = 0
    for kind, number, other in changes:
        name = f"n{number}"
        pod = a_pod(
            f"x{placed}",
            LABELS[other % 4],
            SPACES[other % 2],
            is_going=other % 7 == 0,
            **WISHES[other % len(WISHES)],
        )
        if kind == "place":
            placed += 1
            cluster.set_pod(pod, name)
        elif kind == "going" and placed:
            uid = f"uid-x{other % placed}"
            if (known := cluster.pod(uid)) is not None:
                cluster.set_pod(replace(known, is_terminating=True), cluster.home(uid) or "")
        elif kind == "remove" and placed:
            cluster.remove_pod(f"uid-x{other % placed}")
        elif kind == "node":
            labels = {"zone": ["", "z1", "z2", "z3"][other % 4]}
            cluster.set_node(a_node(name, labels, [TAINT] if other % 5 == 0 else ()))
        elif kind == "no node":
            cluster.remove_node(name)
        elif kind == "namespace":
            namespaces.set(SPACES[other % 2], {"team": str(other % 3)})
        elif kind == "suppose":
            with cluster.supposing(placed=[(pod, name)]):
                compare(cluster, namespaces, followed, asks)
        compare(cluster, namespaces, followed, asks)


def compare(cluster: Cluster, namespaces: FixedNamespaces, followed: list[Plugin], asks: list[PodInfo]) -> None:
    affinity, spreading = followed
    for ask in asks:
        said = {name: REASONS[text] for name, text in refusals(affinity, ask, cluster).items()}
        meant = {node.name: affinity_refuses(ask, node, cluster, namespaces) for node in cluster.nodes()}
        assert said == {name: why for name, why in meant.items() if why is not None}
        if ask.ask.spread:
            skewed = {node.name for node in cluster.nodes() if spread_refuses(ask, node, cluster)}
            assert set(refusals(spreading, ask, cluster)) == skewed
    plain = recount(cluster)
    for kept, fresh in zip(followed, rules(plain, namespaces), strict=True):
        for ask in asks:
            assert refusals(kept, ask, cluster) == refusals(fresh, ask, plain)
            if len(plain):
                was, now = scores(kept, ask, cluster), scores(fresh, ask, plain)
                assert was == now


def test_counts_that_nobody_asks_for_are_dropped() -> None:
    cluster = a_cluster(a_node("a", {"zone": "z1"}))
    population = Population(cluster, FixedNamespaces())
    rule = interpodaffinity.plugin(population)
    for number in range(1030):
        refusals(rule, a_pod("p", **wants(far=[term("zone", f"l{number}")])), cluster)
    assert len(population._counts) == 1024
    cluster.set_pod(a_pod("x", "l0 l1029"), "a")
    for label in ("l0", "l1029"):
        assert refusals(rule, a_pod("p", **wants(far=[term("zone", label)])), cluster)


def test_pods_on_their_way_out_are_spread_no_more() -> None:
    cluster = a_cluster(a_node("a", {"zone": "z1"}), a_node("b", {"zone": "z2"}))
    rule = podtopologyspread.plugin(Population(cluster, FixedNamespaces()), FooSiblings())
    ask = a_pod("p", "foo", "one", topologySpreadConstraints=[spread("zone")])
    pod = a_pod("x", "foo", "one")
    cluster.set_pod(pod, "a")
    assert set(refusals(rule, ask, cluster)) == {"a"}
    cluster.set_pod(replace(pod, is_terminating=True), "a")
    assert refusals(rule, ask, cluster) == {}
    cluster.remove_pod(pod.uid)
    assert refusals(rule, ask, cluster) == {}
    cluster.set_pod(pod, "b")
    assert set(refusals(rule, ask, cluster)) == {"b"}
