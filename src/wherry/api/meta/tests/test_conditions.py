"""Conditions."""

from __future__ import annotations

from wherry.api.meta.conditions import find_condition, is_true


def test_finding() -> None:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]
    assert is_true(conditions, "Ready")
    assert not is_true(conditions, "Other")
    assert not is_true(None, "Ready")
    assert find_condition(conditions, "None") is None
