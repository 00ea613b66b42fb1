from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Node
from wherry.api.types.decoding import convert
from wherry.controllers.core.node.health import Fate, Zones, silenced, taints
from wherry.controllers.tests.views import NOW, node
from wherry.lib.clock import format_time

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


def names(found: list[dict[str, Any]] | None) -> set[tuple[str, str]] | None:
    return None if found is None else {(taint["key"], taint["effect"]) for taint in found}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"ready": "True"}, None),
        ({"ready": "False"}, {(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")}),
        ({"ready": "Unknown"}, {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}),
        ({"ready": "True", "taints": [{"key": NOT_READY, "effect": "NoSchedule"}]}, set()),
        ({"ready": None, "taints": [{"key": NOT_READY, "effect": "NoSchedule"}]}, set()),
        ({"ready": "True", "unschedulable": True}, {("node.kubernetes.io/unschedulable", "NoSchedule")}),
        (
            {"ready": "True", "conditions": [{"type": "DiskPressure", "status": "True"}]},
            {("node.kubernetes.io/disk-pressure", "NoSchedule")},
        ),
        (
            {"ready": "Unknown", "taints": [{"key": "mine", "effect": "NoExecute"}]},
            {("mine", "NoExecute"), (UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")},
        ),
    ],
)
def test_conditions_become_taints(facts: dict[str, Any], expected: set[tuple[str, str]] | None) -> None:
    assert names(taints(node("n1", **facts), fate=Fate.EVICTED, now=NOW)) == expected


def test_a_node_that_may_not_evict_only_keeps_new_pods_away() -> None:
    assert names(taints(node("n1", ready="Unknown"), fate=Fate.LEFT, now=NOW)) == {(UNREACHABLE, "NoSchedule")}


def test_who_drives_pods_away_goes_on_unless_all_are_gone() -> None:
    lost = node("n1", ready="Unknown", taints=[{"key": NOT_READY, "effect": "NoExecute"}])
    assert names(taints(lost, fate=Fate.LEFT, now=NOW)) == {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}
    assert names(taints(lost, fate=Fate.SPARED, now=NOW)) == {(UNREACHABLE, "NoSchedule")}


def test_silence_makes_conditions_unknown_once() -> None:
    conditions = silenced(node("n1", ready="True"), NOW)
    assert conditions is not None
    by_type = {c["type"]: (c["status"], c["reason"]) for c in conditions}
    assert by_type["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert by_type["DiskPressure"] == ("Unknown", "NodeStatusNeverUpdated")
    assert silenced(node("n1", conditions=conditions), NOW) is None


def test_who_never_reported_was_last_heard_of_when_it_was_made() -> None:
    born = convert(Node, {"metadata": {"name": "n1", "creationTimestamp": format_time(NOW - 60)}})
    conditions = silenced(born, NOW)
    assert conditions is not None and len(conditions) == 4
    assert {each["lastHeartbeatTime"] for each in conditions} == {format_time(NOW - 60)}


@pytest.mark.parametrize(
    ("gone", "well", "expected"),
    [(1, 0, None), (2, 0, None), (1, 1, 0.1), (3, 1, 0.0), (2, 3, 0.1), (30, 24, 0.01), (29, 25, 0.1), (6, 5, 0.1)],
)
def test_nobody_is_driven_away_when_the_trouble_is_likely_ours(gone: int, well: int, expected: float | None) -> None:
    nodes = [node(f"n{number}", ready="Unknown" if number < gone else "True") for number in range(gone + well)]
    zones = Zones()
    for each in nodes:
        zones.note(None, each)
    assert zones.rate(nodes[0]) == expected


def test_a_zone_that_is_gone_altogether_is_given_up_as_long_as_another_is_well() -> None:
    zones = Zones()
    lost = [node(f"n{number}", ready="Unknown", labels={"topology.kubernetes.io/zone": "a"}) for number in range(4)]
    for each in (*lost, node("well", ready="True", labels={"topology.kubernetes.io/zone": "b"})):
        zones.note(None, each)
    assert zones.rate(lost[0]) == 0.1


def test_some_nodes_say_nothing_about_their_zone() -> None:
    zones = Zones()
    label = {"node.kubernetes.io/exclude-disruption": ""}
    for each in (node("lost", ready="Unknown"), node("well", ready="True", labels=label)):
        zones.note(None, each)
    assert zones.is_all_gone


def test_who_is_in_trouble_hears_when_the_trouble_of_others_decides_about_it() -> None:
    zones = Zones()
    states = {"lost": "Unknown", "a": "True", "b": "True"}
    nodes = {name: node(name, ready=status) for name, status in states.items()}
    for each in nodes.values():
        zones.note(None, each)
    gone_a, gone_b = node("a", ready="Unknown"), node("b", ready="Unknown")
    assert zones.note(nodes["a"], gone_a) == []
    assert zones.note(nodes["b"], gone_b) == ["lost", "a", "b"], "all are gone: it is likelier that we are"
    assert zones.note(gone_a, nodes["a"]) == ["lost", "b"]
    assert zones.note(nodes["a"], None) == ["lost", "b"]
