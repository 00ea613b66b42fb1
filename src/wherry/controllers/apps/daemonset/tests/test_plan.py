"""Nodes with their Pods in; Pods to create and delete out. A Pod's name tells what it is: `a-old`, `a-new`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.apps_v1 import DaemonSet
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.controllers.apps.daemonset.plan import Plan, plan
from wherry.controllers.podstate import is_ready
from wherry.controllers.tests.views import NOW, node
from wherry.controllers.tests.views import pod as view_of

HASH = "controller-revision-hash"


def daemon_set(rolling: Obj | None) -> DaemonSet:
    strategy: Obj = {"type": "OnDelete"} if rolling is None else {"type": "RollingUpdate", "rollingUpdate": rolling}
    spec = {"template": {"spec": {"containers": []}}, "updateStrategy": strategy, "selector": {}}
    metadata = {"name": "d", "namespace": "default", "uid": "u", "generation": 3}
    return convert(DaemonSet, {"metadata": metadata, "spec": spec})


def pod(place: str, kind: str, facts: str = "ready") -> Pod:
    words = facts.split()
    known: dict[str, Any] = {"labels": {"app": "d", HASH: kind}, "node": place, "created": 100}
    for word in words:
        match word:
            case "ready":
                known["ready"] = 50
            case "going":
                known["going"] = True
            case "young":
                known["created"] = 10
            case "unbound":
                del known["node"]
                known["spec"] = {"affinity": {"nodeAffinity": _aim(place)}}
            case phase:
                known["phase"] = phase
    return view_of(
        f"{place}-{kind}{'-' if facts != 'ready' else ''}{'-'.join(words) if facts != 'ready' else ''}", **known
    )


def _aim(place: str) -> Obj:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [place]}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}


def decide(rolling: Obj | None, nodes: str, pods: list[Pod], **more: Any) -> Plan:
    """A node in capitals has a taint that keeps new Pods away, one in brackets takes no Pods at all."""
    taint = {"key": "k", "effect": "NoSchedule"}
    views = []
    for name in nodes.split():
        taints = [taint] if name.isupper() else []
        if name.startswith("("):
            name, taints = name.strip("()"), [{"key": "k", "effect": "NoExecute"}]
        views.append(node(name, taints=taints))
    return plan(daemon_set(rolling), views, pods, "new", NOW, **{"may_scale": True, **more})


IN_PLACE = {"maxUnavailable": 1, "maxSurge": 0}
SURGE = {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize(
    ("rolling", "nodes", "pods", "create", "delete"),
    [
        pytest.param(IN_PLACE, "a b", [("a", "new")], "b", "", id="a node without gets one"),
        pytest.param(IN_PLACE, "a (b)", [("a", "new"), ("b", "new")], "", "b-new", id="off a node that takes none"),
        pytest.param(IN_PLACE, "a B", [("a", "new"), ("B", "new")], "", "", id="may stay where no other may come"),
        pytest.param(IN_PLACE, "a", [("a", "new"), ("a", "new", "young")], "", "a-new-young", id="the older of twins"),
        pytest.param(
            IN_PLACE, "a", [("a", "new", "unbound"), ("a", "new", "young")], "", "a-new-unbound", id="the bound twin"
        ),
        pytest.param(IN_PLACE, "a", [("x", "new", "unbound")], "a", "x-new-unbound", id="aimed at a node that is gone"),
        pytest.param(IN_PLACE, "a", [("a", "new", "Failed")], "", "a-new-Failed", id="a failed one"),
        pytest.param(IN_PLACE, "a", [("a", "new", "Succeeded")], "", "a-new-Succeeded", id="one that has ended"),
        pytest.param(IN_PLACE, "a", [("a", "new", "going")], "", "", id="one that is going is waited for"),
        pytest.param(IN_PLACE, "a", [("a", "new", "Failed going")], "a", "", id="but not once it has ended"),
        pytest.param(IN_PLACE, "a b", [("a", "old"), ("b", "old")], "", "a-old", id="one at a time"),
        pytest.param(IN_PLACE, "a b", [("a", "old"), ("b", "new", "x")], "", "", id="not while another is missing"),
        pytest.param(IN_PLACE, "a b", [("a", "old", "x"), ("b", "old")], "", "a-old-x", id="what is of no use goes"),
        pytest.param(
            IN_PLACE, "a b", [("a", "old", "x"), ("b", "old", "x")], "", "a-old-x b-old-x", id="all of no use go"
        ),
        pytest.param(None, "a", [("a", "old")], "", "", id="on delete: nothing"),
        pytest.param(SURGE, "a b", [("a", "old"), ("b", "old")], "a", "", id="surge: one beside the old"),
        pytest.param(
            SURGE, "a b", [("a", "old"), ("a", "new", "x"), ("b", "old")], "", "", id="surge: waits for the new one"
        ),
        pytest.param(
            SURGE, "a b", [("a", "old"), ("a", "new"), ("b", "old")], "", "a-old", id="surge: the new one is available"
        ),
        pytest.param(
            SURGE, "a", [("a", "old", "x"), ("a", "new", "x")], "", "a-old-x", id="surge: the old one is of no use"
        ),
        pytest.param(SURGE, "a b", [("a", "old", "x"), ("b", "old", "x")], "a b", "", id="surge: no use, no limit"),
        pytest.param(
            {"maxUnavailable": 0, "maxSurge": "50%"},
            "A",
            [("A", "old"), ("A", "new")],
            "",
            "A-old",
            id="surge: half of no nodes is still a surge",
        ),
        pytest.param(SURGE, "a", [("a", "old", "going")], "a", "", id="surge: one that is going is not waited for"),
        pytest.param(
            SURGE, "a B", [("a", "new"), ("B", "old")], "", "B-old", id="surge: unwanted, and others do its work"
        ),
        pytest.param(
            SURGE, "a B", [("a", "new", "x"), ("B", "old")], "", "", id="surge: unwanted, but nobody does its work yet"
        ),
    ],
)
def test_pods(rolling: Obj | None, nodes: str, pods: list[tuple[str, ...]], create: str, delete: str) -> None:
    decided = decide(rolling, nodes, [pod(*facts) for facts in pods])
    assert " ".join(decided.create) == create
    assert " ".join(gone.metadata.name for gone in decided.delete) == delete


def test_failed_pods_stay_on_nodes_that_rest() -> None:
    failed = [pod("a", "new", "Failed"), pod("b", "new", "Failed")]
    decided = decide(IN_PLACE, "a b", failed, resting={"b"})
    assert decided.failed_on == ("a",)
    [note] = decided.notes
    assert (note.type, note.reason) == ("Warning", "FailedDaemonPod")
    assert note.message == "Found failed daemon pod default/a-new-Failed on node a, will try to kill it"


def test_the_status_counts_nodes() -> None:
    pods = [pod("a", "old"), pod("a", "new", "young x"), pod("b", "new"), pod("c", "new", "x"), pod("E", "new")]
    assert decide(None, "a b c d E", pods).status == {
        "currentNumberScheduled": 3,
        "desiredNumberScheduled": 4,
        "numberMisscheduled": 1,
        "numberReady": 2,
        "numberAvailable": 2,
        "numberUnavailable": 2,
        "updatedNumberScheduled": 2,
        "observedGeneration": 3,
    }


def test_while_own_writes_are_on_their_way_pods_are_counted_and_nothing_is_done() -> None:
    decided = decide(IN_PLACE, "a b", [pod("a", "new"), pod("a", "old")], may_scale=False)
    assert (decided.create, decided.delete) == ((), ())
    assert decided.status["numberReady"] == 1
    assert "observedGeneration" not in decided.status


STATES = st.sampled_from(["ready", "x", "going", "ready going"])
KINDS = st.tuples(st.sampled_from(["old", "new"]), STATES)
Sites = list[list[tuple[str, str]]]


def sites_of(most: int) -> st.SearchStrategy[Sites]:
    """What is on each node: at most one old and one new Pod."""
    return st.lists(st.lists(KINDS, max_size=most, unique_by=lambda one: one[0]), min_size=1, max_size=6)


def good(pods: list[Pod], place: str) -> list[Pod]:
    return [p for p in pods if p.spec.node_name == place and is_ready(p) and p.metadata.deletion_timestamp is None]


@given(sites=sites_of(1), unavailable=st.integers(1, 3))
def test_in_place_never_fewer_are_left_available_than_allowed(sites: Sites, unavailable: int) -> None:
    names = "abcdef"[: len(sites)]
    pods = [pod(name, *facts) for name, site in zip(names, sites, strict=True) for facts in site]
    decided = decide({"maxUnavailable": unavailable, "maxSurge": 0}, " ".join(names), pods)
    left = [p for p in pods if p not in decided.delete]
    before = sum(1 for name in names if good(pods, name))
    assert sum(1 for name in names if good(left, name)) >= min(before, len(sites) - unavailable)


@given(sites=sites_of(2), surge=st.integers(1, 3))
def test_with_surge_no_node_is_left_alone_and_no_more_share_than_allowed(sites: Sites, surge: int) -> None:
    names = "abcdef"[: len(sites)]
    pods = [pod(name, *facts) for name, site in zip(names, sites, strict=True) for facts in site]
    decided = decide({"maxUnavailable": 0, "maxSurge": surge}, " ".join(names), pods)
    left = [p for p in pods if p not in decided.delete]
    assert all(good(left, name) for name in names if good(pods, name))
    staying = [p for p in pods if p.metadata.deletion_timestamp is None]
    waiting = [p for p in staying if p.metadata.labels[HASH] == "new" and not is_ready(p)]
    shared = {p.spec.node_name for p in staying if p.metadata.labels[HASH] == "old"}
    surging = [p for p in waiting if p.spec.node_name in shared]
    beside = [name for name in decided.create if good(pods, name)]
    assert len(beside) + len(surging) <= max(surge, len(surging))
