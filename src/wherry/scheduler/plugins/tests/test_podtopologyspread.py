"""Which nodes a spread constraint refuses, and how it rates the others: upstream's cases with upstream's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from wherry.api.types.core_v1 import TopologySpreadConstraint
from wherry.api.types.decoding import convert
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.population import Population
from wherry.scheduler.counting.terms import EVERYTHING, Selection
from wherry.scheduler.counting.tests.fixed import FixedNamespaces
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.podtopologyspread import plugin
from wherry.scheduler.plugins.tests.placed import a_cluster, a_node, a_pod, refusals, scores
from wherry.scheduler.rules import Plugin

SKEWED = "node(s) didn't match pod topology spread constraints"
UNLABELLED = f"{SKEWED} (missing required label)"
HOST = "kubernetes.io/hostname"
ZONES = {"a": {"zone": "zone1"}, "b": {"zone": "zone1"}, "x": {"zone": "zone2"}, "y": {"zone": "zone2"}}
HOSTS: dict[str, dict[str, str]] = {"a": {}, "b": {}, "c": {}, "d": {}}
TAINT = {"key": "taint", "value": "v", "effect": "NoSchedule"}


class NoSiblings:
    def of(self, pod: PodInfo) -> Selection:
        return EVERYTHING


class FooSiblings:
    def of(self, pod: PodInfo) -> Selection:
        return Selection((("foo", ""),))


def spread(key: str, skew: int = 1, label: str | None = "foo", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": "DoNotSchedule", **more}
    if label is not None:
        made["labelSelector"] = {"matchExpressions": [{"key": label, "operator": "Exists"}]} if label else {}
    return made


def soft(key: str, skew: int = 1, label: str | None = "foo", **more: Any) -> dict[str, Any]:
    return spread(key, skew, label, whenUnsatisfiable="ScheduleAnyway", **more)


def of(cluster: Cluster, **settings: Any) -> Plugin:
    siblings = settings.pop("siblings", NoSiblings())
    return plugin(Population(cluster, FixedNamespaces()), siblings, **settings)


def build(
    nodes: Mapping[str, Mapping[str, str]], placed: Mapping[str, Sequence[str]], tainted: Sequence[str] = ()
) -> Cluster:
    made = [a_node(name, labels, [TAINT] if name in tainted else ()) for name, labels in nodes.items()]
    pods = {
        name: [a_pod(f"{name}{number}", labels) for number, labels in enumerate(sorts)]
        for name, sorts in placed.items()
    }
    return a_cluster(*made, placed=pods)


@dataclass(frozen=True)
class Case:
    constraints: list[dict[str, Any]]
    nodes: Mapping[str, Mapping[str, str]]
    placed: Mapping[str, Sequence[str]]
    expected: Mapping[str, Any]
    labels: str = "foo"
    spec: Mapping[str, Any] = field(default_factory=dict)
    tainted: Sequence[str] = ()
    among: Sequence[str] = ()


ON_ZONE_A_OR_Y = {
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": HOST, "operator": "In", "values": ["a", "y"]}]}]
            }
        }
    }
}
WITH_FOO = {
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "foo", "operator": "In", "values": ["yes"]}]}]
            }
        }
    }
}

FILTERED: dict[str, Case] = {
    "no pods": Case([spread("zone")], ZONES, {}, {}),
    "no pods, and itself is not counted": Case([spread("zone", label="bar")], ZONES, {}, {}),
    "an absent selector counts nobody": Case([spread("zone", label=None)], ZONES, {"a": ["foo"], "x": ["foo"]}, {}),
    "an empty selector counts nobody": Case([spread("zone", label="")], ZONES, {"a": ["foo", "foo"]}, {}),
    "3/3": Case([spread("zone")], ZONES, {"a": ["foo"] * 2, "b": ["foo"], "x": ["foo"] * 2, "y": ["foo"]}, {}),
    "1/2 where one node has no zone": Case(
        [spread("zone")],
        {**ZONES, "b": {"zon": "zone1"}},
        {"a": ["foo"], "b": ["foo"], "x": ["foo"], "y": ["foo"]},
        {"b": UNLABELLED, "x": SKEWED, "y": SKEWED},
    ),
    "no node has the label": Case([spread("rack")], ZONES, {}, dict.fromkeys(ZONES, UNLABELLED)),
    "2/1/0/3": Case(
        [spread(HOST)],
        ZONES,
        {"a": ["foo"] * 2, "b": ["foo"], "y": ["foo"] * 3},
        {"a": SKEWED, "b": SKEWED, "y": SKEWED},
    ),
    "2/1/0/3, skew 2": Case(
        [spread(HOST, 2)], ZONES, {"a": ["foo"] * 2, "b": ["foo"], "y": ["foo"] * 3}, {"a": SKEWED, "y": SKEWED}
    ),
    "2/1/0/3, itself is not counted": Case(
        [spread(HOST)],
        ZONES,
        {"a": ["foo"] * 2, "b": ["foo"], "y": ["foo"] * 3},
        {"a": SKEWED, "y": SKEWED},
        labels="bar",
    ),
    "only nodes that the Pod's affinity allows are counted": Case(
        [spread(HOST)],
        ZONES,
        {"a": ["foo"] * 2, "b": ["foo"], "y": ["foo"] * 3},
        {"y": SKEWED},
        spec=ON_ZONE_A_OR_Y,
    ),
    "minDomains are not there, so the least is 0": Case(
        [spread(HOST, 2, minDomains=4)],
        {"a": {}, "b": {}, "c": {}},
        {"a": ["foo"] * 2, "b": ["foo"] * 2, "c": ["foo"]},
        {"a": SKEWED, "b": SKEWED},
    ),
    "minDomains are there": Case(
        [spread(HOST, 2, minDomains=2)],
        {"a": {}, "b": {}, "c": {}},
        {"a": ["foo"] * 2, "b": ["foo"] * 2, "c": ["foo"]},
        {},
    ),
    "affinity ignored": Case(
        [spread(HOST, nodeAffinityPolicy="Ignore")],
        {"a": {"foo": " "}, "b": {"foo": "n"}, "c": {"foo": " "}},
        {"a": ["foo"], "c": ["foo"]},
        {"a": SKEWED, "c": SKEWED},
        spec={"nodeSelector": {"foo": " "}},
    ),
    "affinity honored": Case(
        [spread(HOST)],
        {"a": {"foo": " "}, "b": {"foo": "n"}, "c": {"foo": " "}},
        {"a": ["foo"], "c": ["foo"]},
        {},
        spec={"nodeSelector": {"foo": " "}},
    ),
    "taints honored": Case(
        [spread(HOST, nodeTaintsPolicy="Honor")],
        HOSTS,
        {"a": ["foo"], "b": ["foo"], "c": ["foo"]},
        {},
        tainted=["d"],
    ),
    "taints ignored": Case(
        [spread(HOST)],
        HOSTS,
        {"a": ["foo"], "b": ["foo"], "c": ["foo"]},
        {"a": SKEWED, "b": SKEWED, "c": SKEWED},
        tainted=["d"],
    ),
    "taints honored and tolerated": Case(
        [spread(HOST, nodeTaintsPolicy="Honor")],
        HOSTS,
        {"a": ["foo"], "b": ["foo"], "c": ["foo"]},
        {"a": SKEWED, "b": SKEWED, "c": SKEWED},
        tainted=["d"],
        spec={"tolerations": [{"key": "taint", "operator": "Exists"}]},
    ),
    "zone and host, 3/3 and 2/1/0/3": Case(
        [spread("zone"), spread(HOST)],
        ZONES,
        {"a": ["foo"] * 2, "b": ["foo"], "y": ["foo"] * 3},
        {"a": SKEWED, "b": SKEWED, "y": SKEWED},
    ),
    "zone and host, 3/4 and 2/1/0/4: nowhere": Case(
        [spread("zone"), spread(HOST)],
        ZONES,
        {"a": ["foo"] * 2, "b": ["foo"], "y": ["foo"] * 4},
        dict.fromkeys(ZONES, SKEWED),
    ),
    "different selectors": Case(
        [spread("zone"), spread(HOST, label="bar")],
        ZONES,
        {"a": ["foo"], "b": ["bar"]},
        {"a": SKEWED, "b": SKEWED},
        labels="foo bar",
    ),
    "nodes without all the keys are not counted": Case(
        [spread("zone"), spread("rack")],
        {"a": {"zone": "z1", "rack": "r1"}, "b": {"zone": "z1", "rack": "r1"}, "x": {"zone": "z2"}},
        {"a": ["foo"], "x": ["foo"]},
        {"x": UNLABELLED},
    ),
    "two of one key, 3/4 and 2/1": Case(
        [spread("zone"), spread("zone", label="bar")],
        ZONES,
        {"a": ["foo bar"] * 2, "b": ["foo"], "x": ["foo"] * 3, "y": ["foo bar"]},
        dict.fromkeys(ZONES, SKEWED),
        labels="foo bar",
    ),
    "label keys are added to the selector": Case(
        [spread(HOST, matchLabelKeys=["version"])],
        HOSTS,
        {"a": ["foo"], "b": ["foo version"]},
        {"b": SKEWED},
        labels="foo version",
    ),
}


@pytest.mark.parametrize("case", FILTERED.values(), ids=FILTERED)
def test_filters(case: Case) -> None:
    cluster = build(case.nodes, case.placed, case.tainted)
    pod = a_pod("p", case.labels, topologySpreadConstraints=case.constraints, **case.spec)
    assert refusals(of(cluster), pod, cluster) == case.expected


FOUR_TWO_ONE = {"a": ["foo"] * 4, "b": ["foo"] * 2, "x": ["foo"], "y": ["foo"] * 3}
TWO_ONE_ONE = {"a": ["foo"] * 2, "b": ["foo"], "c": ["foo"]}
NAMED = {name: {"node": name} for name in "abc"}
CHOSEN = {name: {"node": name} | ({"foo": "yes"} if name != "c" else {}) for name in "abc"}

SCORED: dict[str, Case] = {
    "no pods": Case([soft(HOST)], {"a": {}, "b": {}}, {}, {"a": 100, "b": 100}),
    "one candidate": Case([soft(HOST)], {"a": {}, "b": {}}, {"a": ["foo"] * 2, "b": ["foo"]}, {"a": 100}, among=["a"]),
    "equal": Case([soft(HOST)], {"a": {}, "b": {}}, {"a": ["foo"], "b": ["foo"]}, {"a": 100, "b": 100}),
    "2/1/0/3": Case(
        [soft(HOST)],
        HOSTS,
        {"a": ["foo"] * 2, "b": ["foo"], "d": ["foo"] * 3},
        {"a": 20, "b": 60, "c": 100, "d": 0},
    ),
    "absent selector": Case([soft(HOST, label=None)], HOSTS, {"a": ["foo"] * 2}, dict.fromkeys(HOSTS, 100)),
    "2/1/0/3, skew 2": Case(
        [soft(HOST, 2)],
        HOSTS,
        {"a": ["foo"] * 2, "b": ["foo"], "d": ["foo"] * 3},
        {"a": 33, "b": 66, "c": 100, "d": 16},
    ),
    "4/3/2/1, skew 3": Case(
        [soft(HOST, 3)],
        HOSTS,
        {"a": ["foo"] * 4, "b": ["foo"] * 3, "c": ["foo"] * 2, "d": ["foo"]},
        {"a": 44, "b": 66, "c": 77, "d": 100},
    ),
    "zone and host, two candidates": Case(
        [soft("zone"), soft(HOST)],
        ZONES,
        {"a": ["foo"] * 2, "b": ["foo"], "x": ["foo"] * 2, "y": ["foo"] * 4},
        {"a": 100, "x": 63},
        among=["a", "x"],
    ),
    "two of one key": Case(
        [soft("zone"), soft("zone", label="bar")],
        ZONES,
        {"a": ["foo bar", "foo"], "b": ["foo bar"], "y": ["foo", "foo bar", "foo"]},
        {"a": 85, "x": 100},
        labels="foo bar",
        among=["a", "x"],
    ),
    "different selectors": Case(
        [soft("zone"), soft(HOST, label="bar")],
        ZONES,
        {"a": ["foo"], "b": ["foo bar"], "y": ["foo", "bar"]},
        {"a": 60, "b": 20, "x": 100, "y": 60},
        labels="foo bar",
    ),
    "different selectors, nodes with none": Case(
        [soft("zone"), soft(HOST, label="bar")],
        ZONES,
        {"b": ["bar"], "x": ["foo"], "y": ["foo bar"]},
        {"a": 100, "b": 60, "x": 40, "y": 0},
        labels="foo bar",
    ),
    "a node without the key gets nothing": Case(
        [soft("zone")], {**ZONES, "b": {}}, {"a": ["foo"], "x": ["foo"] * 2}, {"a": 100, "b": 0, "x": 33, "y": 33}
    ),
    "4/2/1, the fourth is no candidate": Case(
        [soft(HOST)], ZONES, FOUR_TWO_ONE, {"a": 33, "b": 83, "x": 100}, among=["a", "b", "x"]
    ),
    "4/?/1, the second has no name and the fourth is no candidate": Case(
        [soft(HOST)],
        {**ZONES, "b": {HOST: "", "n": "b"}},
        FOUR_TWO_ONE,
        {"a": 16, "b": 0, "x": 100},
        among=["a", "b", "x"],
    ),
    "zones, the fourth is no candidate": Case(
        [soft("zone")], ZONES, FOUR_TWO_ONE, {"a": 75, "b": 75, "x": 100}, among=["a", "b", "x"]
    ),
    "different selectors, the fourth is no candidate": Case(
        [soft("zone"), soft(HOST, label="bar")],
        ZONES,
        {"a": ["foo"], "b": ["foo bar"], "y": ["foo", "bar"]},
        {"a": 50, "b": 25, "x": 100},
        labels="foo bar",
        among=["a", "b", "x"],
    ),
    "minDomains matter only to what must be": Case(
        [soft("node", 2, minDomains=10)],
        NAMED,
        {"a": ["foo"] * 2, "b": ["foo"] * 2, "c": ["foo"]},
        {"a": 75, "b": 75, "c": 100},
    ),
    "where it may not be, nobody is counted: selector": Case(
        [soft("node")], CHOSEN, TWO_ONE_ONE, {"a": 0, "b": 33, "c": 100}, spec={"nodeSelector": {"foo": "yes"}}
    ),
    "selector, ignored": Case(
        [soft("node", nodeAffinityPolicy="Ignore")],
        CHOSEN,
        TWO_ONE_ONE,
        {"a": 66, "b": 100, "c": 100},
        spec={"nodeSelector": {"foo": "yes"}},
    ),
    "where it may not be, nobody is counted: affinity": Case(
        [soft("node")], CHOSEN, TWO_ONE_ONE, {"a": 0, "b": 33, "c": 100}, spec=WITH_FOO
    ),
    "affinity, ignored": Case(
        [soft("node", nodeAffinityPolicy="Ignore")],
        CHOSEN,
        TWO_ONE_ONE,
        {"a": 66, "b": 100, "c": 100},
        spec=WITH_FOO,
    ),
    "where it may not be, nobody is counted: taints": Case(
        [soft("node", nodeTaintsPolicy="Honor")], NAMED, TWO_ONE_ONE, {"a": 0, "b": 33, "c": 100}, tainted=["c"]
    ),
    "taints, ignored": Case([soft("node")], NAMED, TWO_ONE_ONE, {"a": 66, "b": 100, "c": 100}, tainted=["c"]),
    "label keys and an empty selector": Case(
        [soft("zone", label="", matchLabelKeys=["foo"]), soft(HOST, label="", matchLabelKeys=["bar"])],
        ZONES,
        {"a": ["foo"], "b": ["foo bar"], "x": ["foo", "bar"]},
        {"a": 60, "b": 20, "x": 60, "y": 100},
        labels="foo bar",
    ),
    "label keys and a selector": Case(
        [soft("zone"), soft(HOST, label="bar", matchLabelKeys=["baz"])],
        ZONES,
        {"a": ["foo"], "b": ["foo bar baz"], "x": ["foo", "bar", "bar baz"]},
        {"a": 60, "b": 20, "x": 60, "y": 100},
        labels="foo bar baz",
    ),
}


@pytest.mark.parametrize("case", SCORED.values(), ids=SCORED)
def test_scores(case: Case) -> None:
    cluster = build(case.nodes, case.placed, case.tainted)
    pod = a_pod("p", case.labels, topologySpreadConstraints=case.constraints, **case.spec)
    assert scores(of(cluster), pod, cluster, case.among) == case.expected


def test_what_does_not_count() -> None:
    cluster = build(HOSTS, {})
    cluster.set_pod(a_pod("other", "foo", namespace="elsewhere"), "a")
    cluster.set_pod(a_pod("going", "foo", is_going=True), "b")
    pod = a_pod("p", "foo", topologySpreadConstraints=[spread(HOST)])
    assert refusals(of(cluster), pod, cluster) == {}


def test_one_without_constraints_has_the_systems() -> None:
    placed = {"a": ["foo"] * 4, "b": ["foo"] * 3, "c": ["foo"] * 2, "d": ["foo"]}
    cluster = build(HOSTS, placed)
    rule = of(cluster, siblings=FooSiblings())
    assert scores(rule, a_pod("p", "foo"), cluster) == {"a": 44, "b": 66, "c": 77, "d": 100}
    assert refusals(rule, a_pod("p", "foo"), cluster) == {}
    assert scores(of(cluster), a_pod("p", "foo"), cluster) is None


def test_a_list_of_the_settings() -> None:
    cluster = build(HOSTS, {"a": ["foo"] * 2})
    defaults = (convert(TopologySpreadConstraint, spread(HOST, label=None)),)
    rule = of(cluster, siblings=FooSiblings(), defaults=defaults)
    assert refusals(rule, a_pod("p", "foo"), cluster) == {"a": SKEWED}
    assert refusals(of(cluster, defaults=defaults), a_pod("p", "foo"), cluster) == {}
    assert refusals(rule, a_pod("q", "foo", topologySpreadConstraints=[soft(HOST)]), cluster) == {}
