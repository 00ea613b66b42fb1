"""Types of fields: a nullable one that is null is absent, whatever is asked of it."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.cel.environment import Environment
from wherry.cel.errors import EvaluationError
from wherry.cel.optionals import OPTIONALS
from wherry.cel.types import INT, STRING, Field, ObjectType

INNER = ObjectType("inner", {"s": Field(STRING, "S", is_nullable=True)})
OUTER = ObjectType("outer", {"n": Field(INT, is_nullable=True), "o": Field(INNER, is_nullable=True), "m": INT})
ENVIRONMENT = Environment({"self": OUTER}, libraries=(OPTIONALS,))

QUESTIONS = {
    "has(self.n)": False,
    "self.n == 1": "no such key: n",
    "self.n != 1": "no such key: n",
    "self.o == null": "no such key: o",
    "self.?n.orValue(5)": 5,
    "has(self.?o.s)": False,
    "self.?o.?s.hasValue()": False,
}


@pytest.mark.parametrize("value", [{}, {"n": None, "o": None}], ids=["absent", "null"])
@pytest.mark.parametrize(("text", "expected"), QUESTIONS.items(), ids=list(QUESTIONS))
def test_null_is_absent(text: str, expected: Any, value: dict[str, Any]) -> None:
    program = ENVIRONMENT.compile(text)
    if isinstance(expected, str):
        with pytest.raises(EvaluationError, match=expected):
            program({"self": value})
    else:
        assert program({"self": value}) == expected
        assert program.run({"self": value})[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("has(self.n)", True),
        ("self.n + 1", 2),
        ("has(self.o.s)", True),
        ("self.?o.?s.value()", "x"),
        ("has(self.m)", True),
    ],
)
def test_other_values_are_there(text: str, expected: Any) -> None:
    assert ENVIRONMENT.compile(text)({"self": {"n": 1, "o": {"S": "x"}, "m": None}}) == expected
