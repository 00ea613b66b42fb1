from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wherry.controllers.podranking import DELETION_COST, deletion_cost, first_to_go, ranked_plainly
from wherry.controllers.tests.views import NOW, pod

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("ranking.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_less_useful_of_two_goes_first(case: dict[str, Any]) -> None:
    first, second = pod("z-first", **case["first"]), pod("a-second", **case["second"])
    related = [first, second, *(pod(f"r{i}", **facts) for i, facts in enumerate(case.get("related", [])))]
    assert first_to_go([second, first], 1, related, NOW) == [first]
    assert first_to_go([first, second], 1, related, NOW) == [first]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({}, {"node": "n"}, id="unassigned"),
        pytest.param({"node": "n"}, {"node": "n", "phase": "Running"}, id="pending"),
        pytest.param({"node": "n", "phase": "Running"}, {"node": "n", "ready": 1}, id="not ready"),
        pytest.param({"node": "n", "ready": 60}, {"node": "n", "ready": 61}, id="ready for a second less"),
        pytest.param({"ready": 60, "restarts": 2}, {"ready": 60, "restarts": 1}, id="more restarts"),
        pytest.param({"created": 50}, {"created": 51}, id="younger by a second"),
        pytest.param(
            {"ready": 9, "annotations": {}},
            {"ready": 90, "annotations": {"controller.kubernetes.io/pod-deletion-cost": "-9"}},
            id="whatever it costs",
        ),
    ],
)
def test_of_a_jobs_pods_the_less_useful_goes_first(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = pod("z-first", **one), pod("a-second", **other)
    assert ranked_plainly([second, first]) == ranked_plainly([first, second]) == [first, second]


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("+5", 0),
        ("05", 0),
        ("", 0),
        (" 5", 0),
        ("x", 0),
        ("2147483648", 0),
        ("-05", -5),
    ],
)
def test_what_a_deletion_costs(text: str, cost: int) -> None:
    assert deletion_cost(pod("p", annotations={DELETION_COST: text})) == cost


def test_all_go_when_all_are_asked_for() -> None:
    pods = [pod("a"), pod("b")]
    assert first_to_go(pods, 5, pods, NOW) == pods
