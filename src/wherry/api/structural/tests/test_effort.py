"""What is long work, and what is too much."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.structural import defaulting, effort, report
from wherry.api.structural.schema import StructuralSchema

INTEGER: Obj = {"type": "integer"}
SMALL, MIDDLE, LARGE = 1_000, 10_000, 200_000


def _schema(spec: Obj) -> StructuralSchema:
    return StructuralSchema.of({"type": "object", "properties": {"spec": spec}})


def _object(spec: Any) -> Obj:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}


def _ruled(rule: str, **properties: Obj) -> Obj:
    return {"type": "object", "properties": properties, "x-kubernetes-validations": [{"rule": rule}]}


NUMBERS: Obj = {"type": "array", "items": INTEGER}
LOOSE = [{"required": [f"f{number}"]} for number in range(1000)]
LARGE_OBJECT: Obj = {"type": "object", "properties": {f"f{number}": INTEGER for number in range(2000)}}


@pytest.mark.parametrize(
    ("spec", "size", "is_long"),
    [
        pytest.param(INTEGER, MIDDLE, False, id="nothing to ask"),
        pytest.param(INTEGER, LARGE, True, id="a large object"),
        pytest.param(_ruled("self.a < 5", a=INTEGER), SMALL, False, id="a small rule"),
        pytest.param(_ruled("self.a.all(x, x > 1)", a=NUMBERS), MIDDLE, False, id="a loop"),
        pytest.param(_ruled("self.a.all(x, self.a.all(y, x == y))", a=NUMBERS), SMALL, True, id="a loop within a loop"),
        pytest.param(_ruled("self.a.all(x, x > 1)", a=NUMBERS), 20_000, True, id="rules for a larger object"),
        pytest.param(_ruled("self.a != 1" + " && self.a != 1" * 2000, a=INTEGER), SMALL, True, id="a long rule"),
        pytest.param({"anyOf": LOOSE[:5], **LARGE_OBJECT}, SMALL, False, id="a few alternatives"),
        pytest.param({"anyOf": LOOSE, "type": "object"}, SMALL, True, id="many alternatives"),
        pytest.param(
            {"type": "array", "items": {"enum": list(range(5000))}}, SMALL, True, id="many numbers to compare"
        ),
    ],
)
def test_what_is_long(spec: Obj, size: int, is_long: bool) -> None:
    schema = _schema(spec)
    schema.validate(_object(None))
    assert schema.is_laborious(size) is is_long


def test_the_first_object_of_a_large_schema_is_long_work() -> None:
    schema = _schema(LARGE_OBJECT)
    assert schema.is_laborious(SMALL)
    schema.validate(_object({"f1": 1}))
    assert not schema.is_laborious(SMALL)


def test_too_many_values_for_the_alternatives_are_refused() -> None:
    schema = _schema({"type": "array", "items": {"type": "object", "anyOf": [*LOOSE, {}]}})
    most = effort.MOST_LOOKS // 1001
    [fault] = schema.validate(_object([{}] * most))
    assert fault.detail == f"has more than {most} values, which is too many for a schema with 1001 alternatives"
    assert schema.validate_update(_object([{}] * most), _object([])) == [fault]


def test_defaults_make_nothing_that_no_memory_could_hold() -> None:
    text = "x" * 100_000
    item: Obj = {"type": "object", "properties": {"a": {"type": "string", "default": text}}}
    schema = _schema({"type": "array", "items": item})
    obj = _object([{} for _ in range(5000)])
    schema.default(obj)
    size = len(json.dumps(obj))
    assert defaulting.MOST_BYTES - len(text) < size < defaulting.MOST_BYTES + 100_000


def test_of_very_many_faults_the_first_are_told() -> None:
    required = [f"f{number}" for number in range(20_000)]
    schema = _schema({"type": "array", "items": {"type": "object", "required": required}})
    assert len(schema.validate(_object([{}] * 1000))) <= report.MOST_FLAWS + 2


def test_rules_stop_to_complain() -> None:
    item: Obj = {**INTEGER, "x-kubernetes-validations": [{"rule": "self == 1"}]}
    schema = _schema({"type": "array", "items": item})
    assert len(schema.validate(_object([0] * 20_000))) == report.MOST_FLAWS + 1
