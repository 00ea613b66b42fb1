from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wherry.controllers.podranking import first_to_go
from wherry.controllers.tests.views import NOW, pod

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("ranking.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_less_useful_of_two_goes_first(case: dict[str, Any]) -> None:
    first, second = pod("z-first", **case["first"]), pod("a-second", **case["second"])
    related = [first, second, *(pod(f"r{i}", **facts) for i, facts in enumerate(case.get("related", [])))]
    assert first_to_go([second, first], 1, related, NOW) == [first]
    assert first_to_go([first, second], 1, related, NOW) == [first]


def test_all_go_when_all_are_asked_for() -> None:
    pods = [pod("a"), pod("b")]
    assert first_to_go(pods, 5, pods, NOW) == pods
