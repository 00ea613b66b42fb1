"""What rules may spend. What they say stands in `cases/rules.yaml`."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.structural.schema import StructuralSchema

EXHAUSTED = "validation failed due to running out of cost budget, no further validation rules will be run"


def _faults(items: list[Any], *rules: Obj, **limits: Any) -> list[str]:
    item = {"type": "string", "x-kubernetes-validations": list(rules)}
    schema = StructuralSchema.of({"type": "object", "properties": {"l": {"type": "array", "items": item, **limits}}})
    return [str(fault) for fault in schema.validate({"l": items})]


def test_one_evaluation_that_costs_too_much_ends_all() -> None:
    text = "a" * 20_000  # looking for it in itself costs the product of the lengths
    rule, other = {"rule": "self.contains(self)"}, {"rule": "false"}
    limit = "'operation cancelled: actual cost limit exceeded': no further validation rules will be run"
    assert _faults([text, text], rule, other) == [
        f'l[0]: Invalid value: "string": {limit} due to call cost exceeds limit for rule: self.contains(self)'
    ]


def test_evaluations_that_cost_too_much_together() -> None:
    items = ["a" * 6_000] * 40
    faults = _faults(items, {"rule": "self.contains(self)"})
    assert faults == [f'l[27]: Invalid value: "string": {EXHAUSTED}']


def test_what_keeps_within_the_budget_is_asked_in_full() -> None:
    items = ["a" * 6_000] * 20
    assert _faults(items, {"rule": "self.contains(self)"}) == []
    assert len(_faults(items, {"rule": "self.contains(self) && false"})) == 20


def test_messages_have_their_share_of_the_budget() -> None:
    made = {"rule": "self.size() < 0", "messageExpression": "self.contains(self) ? 'so it is' : 'never'"}
    assert _faults(["a" * 100], made) == [f'l[0]: Invalid value: "{"a" * 100}": so it is']
    why = "no further validation rules will be run due to call cost exceeds limit for messageExpression"
    expression = "self.contains(self) ? 'so it is' : 'never'"
    assert _faults(["a" * 20_000], made) == [f'l[0]: Invalid value: "string": {why}: "{expression}"']


def test_messages_that_are_too_long_give_way() -> None:
    rule = {"rule": "false", "message": "short", "messageExpression": "self + self"}
    assert _faults(["ab"], rule) == ['l[0]: Invalid value: "ab": abab']
    assert _faults(["a" * 3_000], rule) == [f'l[0]: Invalid value: "{"a" * 3_000}": short']


def test_failures_are_paid_for() -> None:
    items = ["a" * 6_000] * 40
    faults = _faults(items, {"rule": "self.contains(self) && 1 / (self.size() - 6000) == 0"})
    assert faults[0].endswith("division by zero evaluating rule: self.contains(self) && 1 / (self.size() - 6000) == 0")
    assert faults[-1] == f'l[27]: Invalid value: "string": {EXHAUSTED}'


def test_rules_of_an_older_release_that_cannot_be_compiled_refuse() -> None:
    faults = _faults(["a"], {"rule": "self.gone()"})
    assert len(faults) == 1
    assert faults[0].startswith(
        'l[0]: Invalid value: "string": rule compile error: compilation failed: ERROR: <input>:1:'
    )
