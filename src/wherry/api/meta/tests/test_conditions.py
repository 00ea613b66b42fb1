"""Conditions."""

from __future__ import annotations

from typing import Any

from wherry.api.meta.conditions import find_condition, is_true, set_condition


def test_finding() -> None:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]
    assert is_true(conditions, "Ready")
    assert not is_true(conditions, "Other")
    assert not is_true(None, "Ready")
    assert find_condition(conditions, "None") is None


def test_the_transition_time_moves_with_the_status_alone() -> None:
    conditions: list[dict[str, Any]] = []
    assert set_condition(conditions, {"type": "Ready", "status": "False", "reason": "A"}, "t1")
    assert set_condition(conditions, {"type": "Ready", "status": "False", "reason": "B"}, "t2")
    assert conditions[0]["lastTransitionTime"] == "t1"
    assert not set_condition(conditions, {"type": "Ready", "status": "False", "reason": "B"}, "t3")
    assert set_condition(conditions, {"type": "Ready", "status": "True", "reason": "B"}, "t4")
    assert conditions == [{"type": "Ready", "status": "True", "reason": "B", "lastTransitionTime": "t4"}]
