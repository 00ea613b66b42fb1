"""Which taints keep a Pod away, and which it rather avoids: upstream's cases, with upstream's numbers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from wherry.api.features import features
from wherry.scheduler.plugins.tainttoleration import TAINT_TOLERATION, make
from wherry.scheduler.plugins.tests.placed import a_cluster, a_node, a_pod, refusals, scores
from wherry.scheduler.rules import Handle
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

HARD, SOFT, NOW = "NoSchedule", "PreferNoSchedule", "NoExecute"


def taint(key: str, value: str = "", effect: str = HARD) -> dict[str, str]:
    return {"key": key, "value": value, "effect": effect}


def bears(key: str = "", value: str = "", effect: str = "", operator: str = "") -> dict[str, str]:
    told = {"key": key, "value": value, "effect": effect, "operator": operator}
    return {name: one for name, one in told.items() if one}


Taints = list[dict[str, str]]

FILTERED: dict[str, tuple[Taints, Taints, bool]] = {
    "nothing borne": ([], [taint("dedicated", "user1")], False),
    "borne": ([bears("dedicated", "user1", HARD)], [taint("dedicated", "user1")], True),
    "another value borne": ([bears("dedicated", "user2", HARD, "Equal")], [taint("dedicated", "user1")], False),
    "any value borne": ([bears("foo", effect=HARD, operator="Exists")], [taint("foo", "bar")], True),
    "each borne by one": (
        [bears("dedicated", "user2", HARD, "Equal"), bears("foo", effect=HARD, operator="Exists")],
        [taint("dedicated", "user2"), taint("foo", "bar")],
        True,
    ),
    "one of two borne": ([bears("foo", operator="Exists")], [taint("foo"), taint("dedicated")], False),
    "another effect borne": ([bears("foo", "bar", SOFT, "Equal")], [taint("foo", "bar")], False),
    "every effect borne": ([bears("foo", "bar", operator="Equal")], [taint("foo", "bar")], True),
    "everything borne": ([bears(operator="Exists")], [taint("foo", "bar"), taint("x", effect=NOW)], True),
    "soft, not borne": ([bears("dedicated", "user2", HARD)], [taint("dedicated", "user1", SOFT)], True),
    "soft, nothing borne": ([], [taint("dedicated", "user1", SOFT)], True),
    "NoExecute, nothing borne": ([], [taint("dedicated", "user1", NOW)], False),
}


@pytest.mark.parametrize(("tolerations", "taints", "fits"), FILTERED.values(), ids=FILTERED)
def test_filters(tolerations: Taints, taints: Taints, fits: bool) -> None:
    pod, cluster = a_pod("p", tolerations=tolerations), a_cluster(a_node("n", taints=taints))
    assert refusals(TAINT_TOLERATION, pod, cluster) == ({} if fits else {"n": "node(s) had untolerated taint(s)"})


@pytest.mark.parametrize("is_on", [False, True], ids=["off", "on"])
def test_numbers_are_compared_where_the_feature_is_on(is_on: bool) -> None:
    gates = features({"TaintTolerationComparisonOperators": is_on})
    cluster = a_cluster(a_node("low", taints=[taint("sla", "900")]), a_node("high", taints=[taint("sla", "990")]))
    plugin = make({}, Handle(no_cluster(), ManualClock(), random.Random(0), cluster, gates))
    pod = a_pod("p", tolerations=[bears("sla", "950", HARD, "Gt"), bears("other", operator="Exists")])
    refused = ["low"] if is_on else ["low", "high"]
    assert refusals(plugin, pod, cluster) == dict.fromkeys(refused, "node(s) had untolerated taint(s)")


ARM, SSD = taint("cpu-type", "arm64", SOFT), taint("disk-type", "ssd", SOFT)
BEARS_ARM, BEARS_SSD = bears("cpu-type", "arm64", SOFT, "Equal"), bears("disk-type", "ssd", SOFT, "Equal")

SCORED: dict[str, tuple[Taints, list[Taints], list[int] | None]] = {
    "what is borne is better": (
        [bears("foo", "bar", SOFT, "Equal")],
        [[taint("foo", "bar", SOFT)], [taint("foo", "blah", SOFT)]],
        [100, 0],
    ),
    "how much is borne is all the same": ([BEARS_ARM, BEARS_SSD], [[], [ARM], [ARM, SSD]], [100, 100, 100]),
    "how much is not borne": ([bears("foo", "bar", SOFT, "Equal")], [[], [ARM], [ARM, SSD]], [100, 50, 0]),
    "only what is soft": (
        [bears("cpu-type", "arm64", HARD, "Equal"), bears("disk-type", "ssd", HARD, "Equal")],
        [[], [taint("cpu-type", "arm64")], [ARM, SSD]],
        [100, 100, 0],
    ),
    "of every effect is of this one": ([bears("cpu-type", "arm64")], [[], [ARM], [SSD]], [100, 100, 0]),
    "nothing borne": ([], [[], [ARM]], [100, 0]),
    "nothing soft": ([], [[], [taint("foo")]], None),
}


@pytest.mark.parametrize(("tolerations", "nodes", "expected"), SCORED.values(), ids=SCORED)
def test_scores(tolerations: Taints, nodes: list[Taints], expected: list[int] | None) -> None:
    cluster = a_cluster(*(a_node(f"n{number}", taints=taints) for number, taints in enumerate(nodes)))
    found = scores(TAINT_TOLERATION, a_pod("p", tolerations=tolerations), cluster)
    assert (found and list(found.values())) == expected


CHANGES: dict[str, tuple[Taints | None, Taints, bool]] = {
    "a node that is borne came": (None, [taint("dedicated", "user2")], True),
    "a node that is not borne came": (None, [taint("dedicated", "user1")], False),
    "still not borne": ([taint("dedicated", "user1")], [taint("dedicated", "user1"), taint("x")], False),
    "borne now": ([taint("dedicated", "user1")], [taint("dedicated", "user2")], True),
    "borne all the time": ([taint("dedicated", "user2")], [], False),
}


@pytest.mark.parametrize(("old", "new", "helps"), CHANGES.values(), ids=CHANGES)
def test_changes_of_nodes_that_help(old: Taints | None, new: Taints, helps: bool) -> None:
    pod: Any = a_pod("p", tolerations=[bears("dedicated", "user2", HARD, "Equal")])
    hint = TAINT_TOLERATION.hints[0].helps
    assert hint is not None
    before = a_node("n", taints=old) if old is not None else None
    assert hint(pod, before, a_node("n", taints=new)) is helps
