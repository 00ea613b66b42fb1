"""Near these Pods, far from those: upstream's cases, filters and ratings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.population import Population
from wherry.scheduler.counting.tests.fixed import FixedNamespaces
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.interpodaffinity import plugin
from wherry.scheduler.plugins.tests.placed import a_cluster, a_node, a_pod, refusals, scores
from wherry.scheduler.rules import Plugin

AFFINITY = "node(s) didn't match pod affinity rules"
ANTI = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"
TEAMS = {"one": {"team": "1"}, "two": {"team": "2"}}


def term(key: str, label: str | None = "foo", **more: Any) -> dict[str, Any]:
    selector = {} if label is None else {"labelSelector": {"matchExpressions": [_expression(label)]}}
    return {"topologyKey": key, **selector, **more}


def _expression(label: str) -> dict[str, Any]:
    if label.startswith("!"):
        return {"key": label[1:], "operator": "DoesNotExist"}
    if "=" in label:
        key, value = label.split("=")
        return {"key": key, "operator": "In", "values": [value]}
    return {"key": label, "operator": "Exists"}


def wants(
    near: list[dict[str, Any]] | None = None,
    far: list[dict[str, Any]] | None = None,
    near_rather: list[tuple[int, dict[str, Any]]] | None = None,
    far_rather: list[tuple[int, dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """The part of a spec that says so."""
    made = {}
    for name, required, preferred in (("podAffinity", near, near_rather), ("podAntiAffinity", far, far_rather)):
        made[name] = {
            "requiredDuringSchedulingIgnoredDuringExecution": required or [],
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": weight, "podAffinityTerm": one} for weight, one in preferred or []
            ],
        }
    return {"affinity": made}


def of(cluster: Cluster, **settings: Any) -> Plugin:
    return plugin(Population(cluster, FixedNamespaces(TEAMS)), **settings)


@dataclass(frozen=True)
class Case:
    pod: PodInfo
    nodes: Mapping[str, Mapping[str, str]]
    placed: Mapping[str, list[PodInfo]]
    expected: Mapping[str, Any] | None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def cluster(self) -> Cluster:
        return a_cluster(*(a_node(name, labels) for name, labels in self.nodes.items()), placed=self.placed)


ZONES = {"a": {"zone": "z1"}, "b": {"zone": "z1"}, "c": {"zone": "z2"}}
ONE = {"a": {"region": "r1"}}
BOTH = {"a": AFFINITY, "b": AFFINITY}

FILTERED: dict[str, Case] = {
    "nothing is asked": Case(a_pod("p"), ONE, {}, {}),
    "near one that is there": Case(a_pod("p", **wants([term("region")])), ONE, {"a": [a_pod("x", "foo")]}, {}),
    "in another namespace": Case(
        a_pod("p", **wants([term("region")])), ONE, {"a": [a_pod("x", "foo", "elsewhere")]}, {"a": AFFINITY}
    ),
    "namespaces by name": Case(
        a_pod("p", **wants([term("region", namespaces=["elsewhere"])])),
        ONE,
        {"a": [a_pod("x", "foo", "elsewhere")]},
        {},
    ),
    "nobody is there": Case(a_pod("p", **wants([term("region")])), ONE, {"a": [a_pod("x", "bar")]}, {"a": AFFINITY}),
    "an absent selector means nobody": Case(
        a_pod("p", "foo", **wants([term("region", None)])), ONE, {"a": [a_pod("x", "foo")]}, {"a": AFFINITY}
    ),
    "all terms must mean the same Pod": Case(
        a_pod("p", **wants([term("region"), term("region", "bar")])),
        ONE,
        {"a": [a_pod("x", "foo"), a_pod("y", "bar")]},
        {"a": AFFINITY},
    ),
    "all of the zone": Case(a_pod("p", **wants([term("zone")])), ZONES, {"a": [a_pod("x", "foo")]}, {"c": AFFINITY}),
    "every key must be there": Case(
        a_pod("p", **wants([term("zone"), term("rack")])),
        {"a": {"zone": "z1", "rack": "1"}, "b": {"zone": "z1"}},
        {"a": [a_pod("x", "foo")]},
        {"b": AFFINITY},
    ),
    "the first of its kind may go anywhere": Case(a_pod("p", "foo", **wants([term("zone")])), ZONES, {}, {}),
    "the first needs the keys": Case(
        a_pod("p", "foo", **wants([term("zone"), term("rack")])), ZONES, {}, dict.fromkeys(ZONES, AFFINITY)
    ),
    "the second goes to the first": Case(
        a_pod("p", "foo", **wants([term("zone")])), ZONES, {"c": [a_pod("x", "foo")]}, BOTH
    ),
    "far from one": Case(
        a_pod("p", **wants(far=[term("zone")])), ZONES, {"a": [a_pod("x", "foo")]}, {"a": ANTI, "b": ANTI}
    ),
    "far from any": Case(
        a_pod("p", **wants(far=[term("zone"), term("zone", "bar")])),
        ZONES,
        {"a": [a_pod("x", "foo")], "c": [a_pod("y", "bar")]},
        dict.fromkeys(ZONES, ANTI),
    ),
    "without the key everybody is far": Case(
        a_pod("p", **wants(far=[term("rack")])), ZONES, {"a": [a_pod("x", "foo")]}, {}
    ),
    "near one and far from another": Case(
        a_pod("p", **wants([term("zone")], [term("zone", "bar")])),
        ONE | ZONES,
        {"a": [a_pod("x", "foo bar")]},
        {"a": ANTI, "b": ANTI, "c": AFFINITY},
    ),
    "kept away by one that runs": Case(
        a_pod("p", "foo"), ZONES, {"a": [a_pod("x", **wants(far=[term("zone")]))]}, {"a": EXISTING, "b": EXISTING}
    ),
    "not meant by one that runs": Case(a_pod("p", "bar"), ZONES, {"a": [a_pod("x", **wants(far=[term("zone")]))]}, {}),
    "kept away only where the key is": Case(
        a_pod("p", "foo"), ZONES, {"a": [a_pod("x", **wants(far=[term("rack")]))]}, {}
    ),
    "its own refusal is told first": Case(
        a_pod("p", "foo", **wants(far=[term("zone", "bar")])),
        ZONES,
        {"a": [a_pod("x", "bar", **wants(far=[term("zone")]))]},
        {"a": ANTI, "b": ANTI},
    ),
    "namespaces by label": Case(
        a_pod("p", **wants([term("zone", namespaceSelector={"matchLabels": {"team": "1"}})])),
        ZONES,
        {"a": [a_pod("x", "foo", "two")], "c": [a_pod("y", "foo", "one")]},
        BOTH,
    ),
    "all namespaces": Case(
        a_pod("p", **wants(far=[term("zone", namespaceSelector={})])),
        ZONES,
        {"a": [a_pod("x", "foo", "two")], "c": [a_pod("y", "foo", "one")]},
        dict.fromkeys(ZONES, ANTI),
    ),
    "one that runs means namespaces by label": Case(
        a_pod("p", "foo", "one"),
        ZONES,
        {"a": [a_pod("x", **wants(far=[term("zone", namespaceSelector={"matchLabels": {"team": "1"}})]))]},
        {"a": EXISTING, "b": EXISTING},
    ),
}


@pytest.mark.parametrize("case", FILTERED.values(), ids=FILTERED)
def test_filters(case: Case) -> None:
    cluster = case.cluster()
    assert refusals(of(cluster), case.pod, cluster) == case.expected


REGIONS = {"1": {"region": "China"}, "2": {"region": "India"}, "3": {"az": "az1"}}
FIVE = {name: {"region": "India" if name in "25" else "China"} for name in "12345"}
S1, S2 = {"security": "S1"}, {"security": "S2"}
HARD = wants([term("region", "security"), term("region", "!wrong")])

SCORED: dict[str, Case] = {
    "no wishes": Case(a_pod("p", S1), REGIONS, {}, None),
    "near": Case(
        a_pod("p", S1, **wants(near_rather=[(5, term("region", "security=S1"))])),
        REGIONS,
        {"1": [a_pod("x", S1)], "2": [a_pod("y", S2)], "3": [a_pod("z", S1)]},
        {"1": 100, "2": 0, "3": 0},
    ),
    "more is nearer": Case(
        a_pod("p", S1, **wants(near_rather=[(6, term("region", "security=S2"))])),
        FIVE,
        {"1": [a_pod("u", S2), a_pod("v", S2)]} | {name: [a_pod(f"x{name}", S2)] for name in "2345"},
        {"1": 100, "2": 0, "3": 100, "4": 100, "5": 0},
    ),
    "weights": Case(
        a_pod("p", S1, **wants(near_rather=[(8, term("region", "security=S2")), (2, term("region", "security"))])),
        REGIONS,
        {"1": [a_pod("x", S1)], "2": [a_pod("y", S2)], "3": [a_pod("z", S1)]},
        {"1": 20, "2": 100, "3": 0},
    ),
    "wishes of those that run": Case(
        a_pod("p", S2),
        REGIONS,
        {
            "1": [a_pod("x", S1, **wants(near_rather=[(5, term("region", "security=S1"))]))],
            "2": [a_pod("y", S2, **wants(near_rather=[(6, term("region", "security=S2"))]))],
        },
        {"1": 0, "2": 100, "3": 0},
    ),
    "needs of those that run": Case(
        a_pod("p", S1),
        REGIONS,
        {"1": [a_pod("x", S1, **HARD)], "2": [a_pod("y", S2, **HARD)]},
        {"1": 100, "2": 100, "3": 0},
    ),
    "needs of those that run weigh nothing": Case(
        a_pod("p", S1),
        REGIONS,
        {"1": [a_pod("x", S1, **HARD)], "2": [a_pod("y", S2, **HARD)]},
        None,
        {"hard_weight": 0},
    ),
    "far": Case(
        a_pod("p", **wants(far_rather=[(5, term("az", "security=S1"))])),
        {"1": {"az": "az1"}, "2": {"az": "az2"}},
        {"1": [a_pod("x", S1)], "2": [a_pod("y", S2)]},
        {"1": 0, "2": 100},
    ),
    "some of those that run would rather be alone": Case(
        a_pod("p", S1),
        {"1": {"az": "az1"}, "2": {"az": "az2"}},
        {
            "1": [a_pod("x", S2, **wants(far_rather=[(5, term("az", "security=S1"))]))],
            "2": [a_pod("y", S1, **wants(far_rather=[(6, term("az", "security=S2"))]))],
        },
        {"1": 0, "2": 100},
    ),
    "wishes of those that run are ignored": Case(
        a_pod("p", S2),
        REGIONS,
        {"2": [a_pod("y", S2, **wants(near_rather=[(6, term("region", "security=S2"))]))]},
        None,
        {"ignores_preferences": True},
    ),
    "not ignored for one with wishes": Case(
        a_pod("p", S2, **wants(near_rather=[(1, term("region", "nobody"))])),
        REGIONS,
        {"2": [a_pod("y", S2, **wants(near_rather=[(6, term("region", "security=S2"))]))]},
        {"1": 0, "2": 100, "3": 0},
        {"ignores_preferences": True},
    ),
}


@pytest.mark.parametrize("case", SCORED.values(), ids=SCORED)
def test_scores(case: Case) -> None:
    cluster = case.cluster()
    assert scores(of(cluster, **case.settings), case.pod, cluster) == case.expected


def test_changes_of_pods_that_help() -> None:
    rule = of(a_cluster())
    helps = rule.hints[0].helps
    assert helps is not None
    foo, bar = a_pod("x", "foo"), a_pod("y", "bar")
    near, far, plain = a_pod("p", **wants([term("zone")])), a_pod("q", **wants(far=[term("zone")])), a_pod("r", "foo")
    loner = a_pod("z", **wants(far=[term("zone")]))
    answers = {
        "one to be near came": helps(near, None, foo),
        "another came": helps(near, None, bar),
        "one became one to be near": helps(near, bar, foo),
        "one is so no more": helps(near, foo, bar),
        "one to avoid left": helps(far, foo, None),
        "another left": helps(far, bar, None),
        "one to avoid is so no more": helps(far, foo, bar),
        "one that kept it away left": helps(plain, loner, None),
        "one that kept others away left": helps(near, loner, None),
    }
    assert [name for name, answer in answers.items() if answer] == [
        "one to be near came",
        "one became one to be near",
        "one to avoid left",
        "one to avoid is so no more",
        "one that kept it away left",
    ]


def test_changes_of_nodes_that_help() -> None:
    rule = of(a_cluster())
    helps = rule.hints[2].helps
    assert helps is not None
    near, far = a_pod("p", **wants([term("zone")])), a_pod("q", **wants(far=[term("zone")]))
    none, one, two = a_node("n"), a_node("n", {"zone": "z1"}), a_node("n", {"zone": "z2"})
    assert [helps(near, None, one), helps(near, None, none), helps(near, none, one), helps(near, one, two)] == [
        True,
        False,
        True,
        True,
    ]
    assert [helps(near, one, none), helps(near, one, one)] == [False, False]
    assert [helps(far, None, none), helps(far, one, none), helps(far, one, two), helps(far, none, one)] == [
        True,
        True,
        True,
        False,
    ]
