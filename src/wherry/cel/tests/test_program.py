"""Evaluation: values and messages, JSON as typed values, budgets, and what stays bounded."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.cel.comprehensions import TWO_VARIABLES
from wherry.cel.environment import Environment
from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.functions import Library
from wherry.cel.library.kubernetes import KUBERNETES
from wherry.cel.optionals import OPTIONALS
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Field,
    ListType,
    MapType,
    ObjectType,
    OptionalType,
    Type,
)
from wherry.cel.values import Duration, Optional, Timestamp, TypeValue, Uint

LIBRARIES = (OPTIONALS, TWO_VARIABLES)


def evaluate(text: str, type_: Type = DYN, value: Any = None) -> Any:
    """The value of a text about `self`; metered evaluation must say the same."""
    program = Environment({"self": type_}, libraries=LIBRARIES).compile(text)
    try:
        result = program({"self": value})
    except EvaluationError as error:
        with pytest.raises(EvaluationError) as metered:
            program.run({"self": value})
        assert str(metered.value) == str(error)
        raise
    assert program.run({"self": value})[0] == result
    return result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{'a': 1}.b", "no such key: b"),
        ("{'a': 1}['b']", "no such key: b"),
        ("{1: 2}[3]", "no such key: 3"),
        ("{true: 2}[false]", "no such key: false"),
        ("self.a", "no such key: a"),
        ("[1, 2][2]", "index out of bounds: 2"),
        ("[1, 2][-1]", "index out of bounds: -1"),
        ("[1][dyn('a')]", "unsupported index type 'string' in list"),
        ("[1][dyn(0.5)]", "unsupported index value 0.5 in list"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "modulus by zero"),
        ("1u / 0u", "division by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("-9223372036854775808 - 1", "integer overflow"),
        ("9223372036854775807 * 2", "integer overflow"),
        ("-(-9223372036854775808)", "integer overflow"),
        ("-9223372036854775808 / -1", "integer overflow"),
        ("1u - 2u", "unsigned integer overflow"),
        ("uint(-1)", "unsigned integer overflow"),
        ("int(1e99)", "integer overflow"),
        ("int('x')", "type conversion error from 'string' to 'int'"),
        ("duration('1')", "type conversion error from 'string' to 'google.protobuf.Duration'"),
        ("timestamp('yesterday')", "type conversion error from 'string' to 'google.protobuf.Timestamp'"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "timestamp overflow"),
        ("string(b'\\xff')", "invalid UTF-8 in bytes, cannot convert to string"),
        ("dyn(1) + 'a'", "no such overload"),
        ("dyn('a') && true", "no such overload"),
        ("dyn(1).startsWith('a')", "no such overload: startsWith(int, string)"),
        ("dyn(1).map(x, x)", "no such overload"),
        ("0.0 / 0.0 < 1.0", "NaN values cannot be ordered"),
        ("optional.none().value()", "optional.none() dereference"),
        ("{'a': 1, 'a': 2}", "Failed with repeated key: a"),
        ("[?dyn(1)]", "cannot initialize optional list element from non-optional value 1"),
        ("timestamp(0).getHours('Mars/Base')", "unknown time zone Mars/Base"),
        ("[1, 1].transformMapEntry(i, v, {v: i})", "insert failed: key 1 already exists"),
        ("false || 1 / 0 == 1", "division by zero"),
        ("[1, 0].all(x, 1 / x > 0)", "division by zero"),
        ("1 / 0 > 0 && {}.a", "division by zero"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, DYN, {})
    assert str(caught.value) == message


def test_an_unbound_variable_is_an_error_where_it_counts() -> None:
    program = Environment({"a": BOOL, "b": BOOL}).compile("a || b")
    assert program({"b": True}) is True
    with pytest.raises(EvaluationError, match=r"no such attribute\(s\): a"):
        program({"b": False})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 / 0 > 0 || true", True),
        ("false && 1 / 0 > 0", False),
        ("1 / 0 > 0 && false", False),
        ("[0, 1].exists(x, 1 / x == 1)", True),
        ("[0, 1].all(x, 1 / x == 2)", False),
        ("[1, 2, 3].all(x, [x].all(y, y / (y - 2) < 9) || x == 2)", True),
        ("true ? 1 : 1 / 0", 1),
        ("optional.of(1).orValue(1 / 0)", 1),
        ("[[1], [2, 3]].map(x, x.filter(y, y > 1))", [[], [2, 3]]),
        ("[1, 2].map(x, [3, 4].map(x, x * x))", [[9, 16], [9, 16]]),
        ("dyn(true) == dyn(1)", False),
        ("dyn([1, 2.0]) == dyn([1.0, 2u])", True),
        ("{1: 'a'}[dyn(1.0)]", "a"),
        ("{true: 1, 1: 2}[1]", 2),
        ("{true: 1}.map(k, k)", [True]),
        ("type({}) == map && type(1u) == uint && type(type(1)) == type", True),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("7 % -2", 1),
        ("has({'a': null}.a)", True),
        ("dyn({}).?a.?b.orValue(3)", 3),
        ("{'a': 1, ?'b': optional.none()}", {"a": 1}),
        ("{'a': 1}.transformMap(k, v, v + 1)", {"a": 2}),
        ("[1, ?optional.none(), ?optional.of(2)]", [1, 2]),
        ("timestamp('2024-02-29T12:00:00+02:00').getHours()", 10),
        ("timestamp('2024-02-29T12:00:00Z').getDayOfYear('-02:30')", 59),
        ("timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin')", 14),
        ("string(duration('1h30m') + duration('1.5s'))", "5401.5s"),
        ("string(timestamp('2024-01-01T00:00:00.5Z') - duration('1s'))", "2023-12-31T23:59:59.5Z"),
        ("int(timestamp('1969-12-31T23:59:59Z'))", -1),
        ("string(1e6) + string(1.5) + string(-0.00001)", "1e+061.5-1e-05"),
    ],
)
def test_values(text: str, value: Any) -> None:
    result = evaluate(text)
    assert result == value
    assert type(result) is type(value)


SELF = ObjectType(
    "self",
    {
        "when": TIMESTAMP,
        "takes": DURATION,
        "data": BYTES,
        "ratio": DOUBLE,
        "ratios": ListType(DOUBLE),
        "times": MapType(STRING, TIMESTAMP),
        "__dash__key": Field(STRING, "-key"),
        "inner": Field(ObjectType("inner", {"count": INT}), "in-ner"),
        "many": ListType(ObjectType("one", {"when": TIMESTAMP})),
    },
)
OBJECT = {
    "when": "2024-01-01T00:00:00Z",
    "takes": "90s",
    "data": "aGk=",
    "ratio": 5,
    "ratios": [1, 2.5],
    "times": {"a": "1970-01-01T00:00:01Z"},
    "-key": "x",
    "in-ner": {"count": 3},
    "many": [{"when": "1970-01-01T00:00:00Z"}],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("self.when", Timestamp(1_704_067_200 * 10**9)),
        ("self.takes", Duration(90 * 10**9)),
        ("self.data", b"hi"),
        ("self.ratio", 5.0),
        ("type(self.ratio) == double && self.ratio / 2.0 == 2.5", True),
        ("self.ratios", [1.0, 2.5]),
        ("self.ratios.all(r, type(r) == double)", True),
        ("self.times['a'] < self.when", True),
        ("self.times.a.getSeconds()", 1),
        ("self.__dash__key", "x"),
        ("has(self.__dash__key) && has(self.inner.count)", True),
        ("self.inner.count", 3),
        ("self.?inner.?count", Optional(3)),
        ("self.?when.hasValue() && self.?when.value() == self.when", True),
        ("self.many[0].when", Timestamp(0)),
        ("self.many.map(m, m.when.getFullYear())", [1970]),
    ],
)
def test_json_becomes_what_its_type_asks_for(text: str, value: Any) -> None:
    result = evaluate(text, SELF, OBJECT)
    assert result == value
    assert type(result) is type(value)


def test_a_field_that_does_not_convert_is_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"type conversion error from 'string' to 'google.protobuf.Timestamp'"):
        evaluate("self.when == self.when", SELF, {"when": "soon"})
    with pytest.raises(EvaluationError, match="illegal base64 data"):
        evaluate("self.data", SELF, {"data": "%"})


def test_variables_are_json_or_values() -> None:
    environment = Environment({"t": TIMESTAMP, "o": OptionalType(TIMESTAMP)}, libraries=LIBRARIES)
    program = environment.compile("t == o.value()")
    instant = "1970-01-01T00:00:01Z"
    assert program({"t": instant, "o": Optional(instant)}) is True
    assert program({"t": Timestamp(10**9), "o": Optional(Timestamp(10**9))}) is True
    with pytest.raises(EvaluationError, match="dereference"):
        program({"t": Timestamp(0), "o": Optional()})


def test_values_against_their_declared_type_are_errors_not_surprises() -> None:
    assert evaluate("self == 'a'", STRING, None) is False
    for text in ("self.startsWith('a')", "size(self) == 0", "self + 'x' == 'x'", "self.matches('a')"):
        with pytest.raises(EvaluationError):
            evaluate(text, STRING, None)
    for text in ("!self", "self || self", "self ? true : false"):
        with pytest.raises(EvaluationError):
            evaluate(text, BOOL, None)
    with pytest.raises(EvaluationError):
        evaluate("self + 1", INT, 2**63 - 1)


def test_an_open_object_has_any_field() -> None:
    type_ = ObjectType("open", {"a": INT}, open=True)
    assert evaluate("self.a + self.b", type_, {"a": 1, "b": 2}) == 3
    with pytest.raises(EvaluationError, match="no such key: b"):
        evaluate("self.b", type_, {})


class TestBudget:
    PROGRAM = Environment({"self": ListType(INT)}).compile("self.all(x, self.exists(y, y == x))")

    def test_costs_grow_with_the_work(self) -> None:
        _, few = self.PROGRAM.run({"self": [1, 2]})
        _, many = self.PROGRAM.run({"self": list(range(100))})
        assert few < 60
        assert many > 100 * 100 / 2

    def test_stops_in_time(self) -> None:
        with pytest.raises(CostExceededError, match="operation cancelled: actual cost limit exceeded"):
            self.PROGRAM.run({"self": list(range(100_000))}, 10_000)

    def test_is_not_absorbed(self) -> None:
        program = Environment({"self": ListType(INT)}).compile("self.all(x, x > -1) || true || 1 / 0 == 1")
        with pytest.raises(CostExceededError):
            program.run({"self": list(range(1000))}, 100)

    def test_exact_evaluation_begins_anew(self) -> None:
        program = Environment({"self": INT}).compile("1 / self == 1 || true")
        assert program.run({"self": 0}, 100) == (True, program.run({"self": 0})[1])


def test_lists_cannot_grow_without_end() -> None:
    with pytest.raises(CostExceededError):
        evaluate("[[1]]" + ".map(x, x + x)" * 60)


def test_shared_values_compare_in_time() -> None:
    doubling = "[1]" + ".map(y, [y, y])" * 60
    assert evaluate(f"{doubling} == {doubling}") is True


def test_references_are_the_variables_used() -> None:
    environment = Environment({"self": INT, "oldSelf": INT, "a.b": INT})
    assert environment.compile("self > 1").references == {"self"}
    assert environment.compile("[1].all(self, self > 0)").references == set()
    assert environment.compile("self > oldSelf + a.b").references == {"self", "oldSelf", "a.b"}


def test_what_was_forgotten_is_found_again() -> None:
    program = Environment({"self": INT}).compile("self > 1")
    program.forget()
    assert program.checked.type_of(program.checked.expr) == BOOL
    assert program({"self": 2}) is True


def test_objects_are_made() -> None:
    type_ = ObjectType("Point", {"x": INT, "y": Field(INT, "why")})
    environment = Environment({}, libraries=(OPTIONALS, Library("points", types=(type_,))))
    assert environment.compile("Point{x: 1, y: 2}")({}) == {"x": 1, "why": 2}
    assert environment.compile("Point{?x: optional.none(), y: 2}.y")({}) == 2


def test_types_are_values() -> None:
    assert evaluate("type(self)", UINT, Uint(1)) == TypeValue("uint")


@pytest.mark.parametrize(
    "text", ["a.replace('x', a)", "a.split('').join(a)", "lists.range(100000000)", "a.replace('', a)"]
)
def test_nothing_is_made_that_is_larger_than_any_rule_may_look_at(text: str) -> None:
    environment = Environment({"a": STRING}, libraries=KUBERNETES)
    program = environment.compile(f"size({text}) > 0")
    for is_metered in (False, True):
        with pytest.raises(CostExceededError):
            if is_metered:
                program.run({"a": "x" * 10_000}, 1_000_000_000)
            else:
                program({"a": "x" * 10_000})
    assert environment.compile("a.replace('x', 'yy')")({"a": "x" * 10_000}) == "y" * 20_000
