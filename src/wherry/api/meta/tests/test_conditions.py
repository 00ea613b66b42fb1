"""Conditions."""

from __future__ import annotations

from wherry.api.meta.conditions import find_condition, is_true, validate_conditions


def test_finding() -> None:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]
    assert is_true(conditions, "Ready")
    assert not is_true(conditions, "Other")
    assert not is_true(None, "Ready")
    assert find_condition(conditions, "None") is None


def test_a_condition_is_complete_and_alone_of_its_type() -> None:
    good = {"type": "Ready", "status": "True", "reason": "AllWell", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    assert validate_conditions([good], "status.conditions") == []
    bad = {**good, "status": "Maybe", "observedGeneration": -1, "reason": "not so", "message": "x" * 40000}
    texts = [str(fault) for fault in validate_conditions([good, bad, {"type": "Other", "status": "True"}], "c")]
    assert texts == [
        'c[1].type: Duplicate value: "Ready"',
        'c[1].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        "c[1].observedGeneration: Invalid value: -1: must be greater than or equal to zero",
        texts[3],
        "c[1].message: Too long: may not be more than 32768 bytes",
        "c[2].lastTransitionTime: Required value",
        "c[2].reason: Required value",
    ]
    assert texts[3].startswith('c[1].reason: Invalid value: "not so": a condition reason must start with')
