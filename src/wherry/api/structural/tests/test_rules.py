"""What rules say of values, one by one, as upstream expects: `cases/rulings.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.api.structural.declared import declare
from wherry.api.structural.rules import RuleError, compile_rule
from wherry.api.structural.shape import Rule, parse
from wherry.cel.errors import EvaluationError

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases/rulings.yaml").read_text())


def _cases(key: str) -> list[Any]:
    """One per rule; those that hold have no message."""
    return [
        pytest.param(case, rule, case[key][rule] if key == "errors" else "", id=f"{case['name']}: {rule}")
        for case in CASES
        for rule in case.get(key, ())
    ]


def _judge(case: Mapping[str, Any], rule: str) -> Any:
    """The rule's value, or what it fails with."""
    declared = declare(parse(case["schema"]), "self", is_resource=case.get("is_resource", False))
    assert declared is not None
    try:
        program = compile_rule(Rule(rule=rule), declared).program
        value = program({"self": case["value"], "oldSelf": case.get("old")})
    except RuleError as error:
        return f"compile error: {error}"
    except EvaluationError as error:
        return f"{error} evaluating rule: {rule}"
    return value or f"failed rule: {rule}"


@pytest.mark.parametrize(("case", "rule", "message"), _cases("hold"))
def test_rules_that_hold(case: Mapping[str, Any], rule: str, message: str) -> None:
    assert _judge(case, rule) is True


@pytest.mark.parametrize(("case", "rule", "message"), _cases("errors"))
def test_rules_that_fail(case: Mapping[str, Any], rule: str, message: str) -> None:
    assert message in _judge(case, rule)
