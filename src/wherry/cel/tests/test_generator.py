"""Generated expressions: all flavours of the compiled function agree, and they agree with the C++ implementation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wherry.cel.environment import Environment
from wherry.cel.errors import CompileError, EvaluationError, evaluation_error
from wherry.cel.generator import generate
from wherry.cel.optionals import OPTIONALS
from wherry.cel.program import Program
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Field,
    ListType,
    MapType,
    ObjectType,
    Type,
)
from wherry.cel.values import Uint, equals, from_key

cel = pytest.importorskip("cel_expr_python.cel")

VARIABLES = {"i": INT, "b": BOOL, "s": STRING, "l": ListType(INT), "m": MapType(STRING, INT), "d": DYN, "f": DOUBLE}
ENVIRONMENT = Environment(VARIABLES)
VALUES: dict[str, Any] = {
    "i": 3,
    "b": True,
    "s": "abc",
    "l": [1, 2, -3],
    "m": {"a": 1, "b": 0},
    "d": {"x": 1, "y": [1, "z"], "z": None},
    "f": -2.5,
}


def _oracle() -> Any:
    kinds = cel.Type
    types = {
        "i": kinds.INT,
        "b": kinds.BOOL,
        "s": kinds.STRING,
        "l": kinds.List(kinds.INT),
        "m": kinds.Map(kinds.STRING, kinds.INT),
        "d": kinds.DYN,
        "f": kinds.DOUBLE,
    }
    return cel.NewEnv(variables=types)


ORACLE = _oracle()

Text = st.SearchStrategy[str]


def _joined(pattern: str, *parts: Text) -> Text:
    return st.tuples(*parts).map(lambda values: pattern.format(*values))


LEAVES_OF_AN_OBJECT = {
    "int": (
        "o.n",
        "o.?n.orValue(1)",
        "o.t.getSeconds()",
        "o.p[0].n",
        "size(o.p)",
        "o.m.a",
        "o.z",
        "o.?o.?n.orValue(i)",
    ),
    "uint": ("1u",),
    "double": ("o.r", "o.p[0].r", "1.5"),
    "string": ("o.s", "string(o.t)", "o.p[0].s", "o.y"),
    "bool": (
        *("o.b", "has(o.n)", "has(o.z)", "has(o.p)", "o.t > timestamp(0)", "o.?b.orValue(false)", "o.o == o.o"),
        *("o.p.exists(x, x.b)", "o.p.all(x, has(x.n) && x.n > 1)", "o.c == ['a', 'b']", "o.r == double(o.n)"),
        *("o.?t.hasValue()", "o.p == o.p", "'a' in o.c", "o.o in o.p", "has(o.o.o)", "o.u == bytes('hi')"),
    ),
    "list": ("o.l", "o.p.map(x, x.n)", "[o.n]", "o.p.filter(x, x.b).map(x, x.l.size())"),
    "map": ("o.m", "{o.s: o.n}", "{'a': 1}"),
}


def _expressions(depth: int, of: dict[str, tuple[str, ...]] | None = None) -> dict[str, Text]:
    """Expressions by type; those of a depth are made of shallower ones, the first of leaves."""
    leaves: dict[str, Text] = (
        {name: st.sampled_from(texts) for name, texts in of.items()}
        if of
        else {
            "int": st.sampled_from(
                ["0", "1", "-1", "2", "7", "i", "9223372036854775807", "-9223372036854775808", "0x1F"]
            ),
            "uint": st.sampled_from(["0u", "1u", "3u", "18446744073709551615u"]),
            "double": st.sampled_from(["0.0", "1.5", "-2.0", "f", "1e300", ".5"]),
            "string": st.sampled_from(["''", "'a'", '"b"', "s", "'ab\\n'", "'\\u00e9'", "'7'", "'-1'", "'true'"]),
            "bool": st.sampled_from(["true", "false", "b", "has(d.x)", "has(m.a)", "has(m.q)", "d.nope == 1"]),
            "list": st.sampled_from(["[]", "[1]", "[1, 2, 3]", "l", "[i, 5]"]),
            "map": st.sampled_from(["{}", "{'a': 1}", "m", "{'x': i, 'y': 2}"]),
        }
    )
    if depth == 0:
        return leaves
    inner = _expressions(depth - 1, of)
    number, text, truth, items, entries = (inner[name] for name in ("int", "string", "bool", "list", "map"))
    unsigned, double = inner["uint"], inner["double"]
    anything = st.one_of(number, text, truth, double, unsigned, items)
    arithmetic = st.sampled_from(["+", "-", "*", "/", "%"])
    order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return {
        "int": st.one_of(
            leaves["int"],
            _joined("({} {} {})", number, arithmetic, number),
            _joined("-({})", number),
            _joined("size({})", st.one_of(text, items, entries)),
            _joined("({} ? {} : {})", truth, number, number),
            _joined("({})[{}]", items, number),
            _joined("({})[{}]", entries, text),
            _joined("int({})", st.one_of(number, double, unsigned, text)),
            _joined("[{}][0]", number),
            _joined("{}.x", entries),
            _joined("dyn({})", number),
        ),
        "uint": st.one_of(
            leaves["uint"],
            _joined("({} {} {})", unsigned, arithmetic, unsigned),
            _joined("uint({})", st.one_of(number, double, text)),
        ),
        "double": st.one_of(
            leaves["double"],
            _joined("({} {} {})", double, st.sampled_from(["+", "-", "*", "/"]), double),
            _joined("double({})", st.one_of(number, unsigned)),
        ),
        "string": st.one_of(
            leaves["string"],
            _joined("({} + {})", text, text),
            _joined("string({})", st.one_of(number, unsigned, truth, text)),
            _joined("({} ? {} : {})", truth, text, text),
        ),
        "bool": st.one_of(
            leaves["bool"],
            _joined("({} && {})", truth, truth),
            _joined("({} || {})", truth, truth),
            _joined("!({})", truth),
            _joined("({} {} {})", number, order, number),
            _joined("({} {} {})", text, order, text),
            _joined("({} {} {})", unsigned, order, unsigned),
            _joined("({} == {})", items, items),
            _joined("({} == {})", entries, entries),
            _joined("(dyn({}) == dyn({}))", anything, anything),
            _joined("({} in {})", number, items),
            _joined("({} in {})", text, entries),
            _joined("({}).startsWith({})", text, text),
            _joined("({}).endsWith({})", text, text),
            _joined("({}).contains({})", text, text),
            _joined("({}).all(x, x > {})", items, number),
            _joined("({}).exists(x, x / {} == 1)", items, number),
            _joined("({}).exists_one(x, x != {})", items, number),
            _joined("({}).all(k, k != {} && {})", entries, text, truth),
            _joined("bool({})", text),
        ),
        "list": st.one_of(
            leaves["list"],
            _joined("[{}, {}]", number, number),
            _joined("({} + {})", items, items),
            _joined("({}).map(x, x * {})", items, number),
            _joined("({}).map(x, x > 1, x - {})", items, number),
            _joined("({}).filter(x, x % 2 == {})", items, number),
            _joined("({}).filter(x, {} in [x])", items, number),
            _joined("({}).map(x, ({}).filter(y, y < x).size())", items, items),
        ),
        "map": st.one_of(leaves["map"], _joined("{{{}: {}, {}: {}}}", text, number, text, number)),
    }


EXPRESSIONS = st.one_of(*_expressions(3).values())


_FIELDS: dict[str, Field | Type] = {
    "n": INT,
    "s": STRING,
    "b": BOOL,
    "r": DOUBLE,
    "t": TIMESTAMP,
    "u": BYTES,
    "l": ListType(INT),
    "m": MapType(STRING, INT),
    "c": ListType(STRING, identity=()),
    "y": Field(STRING, "y-y"),
    "z": Field(INT, is_nullable=True),
}
_INNER = ObjectType("inner", {**_FIELDS, "o": ObjectType("empty", {}), "p": ListType(INT)})
OBJECT_TYPE = ObjectType("object", {**_FIELDS, "o": _INNER, "p": ListType(_INNER, identity=("n",))})
OF_AN_OBJECT = Environment({**VARIABLES, "o": OBJECT_TYPE}, libraries=(OPTIONALS,))
_INSTANTS = st.sampled_from(["2024-01-01T00:00:05Z", "1969-12-31T23:59:59+01:00", "soon"])
_JSON: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(-1, 3),
    "s": st.sampled_from(["", "a", "ab"]),
    "b": st.booleans(),
    "r": st.sampled_from([0, 1, 1.5]),
    "t": _INSTANTS,
    "u": st.sampled_from(["aGk=", "", "%"]),
    "l": st.lists(st.integers(-1, 3), max_size=3),
    "m": st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)),
    "c": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    "y-y": st.sampled_from(["", "a"]),
    "z": st.one_of(st.none(), st.integers(0, 2)),
}
_INNER_OBJECTS = st.fixed_dictionaries({}, optional=_JSON)
OBJECTS = st.fixed_dictionaries({}, optional={**_JSON, "o": _INNER_OBJECTS, "p": st.lists(_INNER_OBJECTS, max_size=3)})


def _compiled(text: str) -> Program | None:
    """A program; None where an item of `[]` was taken for a double (as cel-go does), and then for something else."""
    try:
        return ENVIRONMENT.compile(text)
    except CompileError as error:
        assert "[]" in text or "{}" in text, error
        return None


def _outcome(evaluate: Callable[[], Any]) -> Any:
    """A value, or that there is none."""
    try:
        return ("value", evaluate())
    except EvaluationError:
        return ("error", None)


def _alike(one: Any, other: Any) -> bool:
    if one[0] != other[0]:
        return False
    if isinstance(one[1], float) and isinstance(other[1], float) and math.isnan(one[1]):
        return math.isnan(other[1])
    return equals(one[1], other[1])


def _exactly(text: str, variables: dict[str, Any], environment: Environment = ENVIRONMENT) -> Any:
    function = generate(environment.check(text), is_exact=True, is_metered=False, charges={})
    try:
        return function(variables, [])
    except Exception as error:
        raise evaluation_error(error) from error


def _oracles_outcome(text: str) -> Any:
    try:
        result = ORACLE.compile(text).eval(data=VALUES)
    except RuntimeError as error:
        # It folds constants, and then does not let `||` absorb their errors.
        assert "duplicate key" in str(error), error
        return None
    if result.type().name() == "ERROR":
        return ("error", None)
    value = result.plain_value()
    return ("value", Uint(value) if result.type().name() == "UINT" else value)


def _plain(value: Any) -> Any:
    """As the oracle returns it."""
    if isinstance(value, dict):
        return {from_key(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
@example("[1, 2, 3].exists(x, x / 0 == 1)")
@example("d.nope == 1 || true")
@example("[1].all(x, x / (x - 1) == 1) || b")
@example("((l.filter(x, x > 0) + [i]).map(x, x * 2) == [2, 4, 6]) && b")
def test_flavours_agree(text: str) -> None:
    if (program := _compiled(text)) is None:
        return
    plain = _outcome(lambda: program(VALUES))
    assert _alike(plain, _outcome(lambda: _exactly(text, VALUES)))
    assert _alike(plain, _outcome(lambda: program.run(VALUES)[0]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(*_expressions(2, LEAVES_OF_AN_OBJECT).values()), OBJECTS)
def test_flavours_agree_about_objects(text: str, content: dict[str, Any]) -> None:
    variables = {**VALUES, "o": content}
    program = OF_AN_OBJECT.compile(text)
    plain = _outcome(lambda: program(variables))
    assert _alike(plain, _outcome(lambda: _exactly(text, variables, OF_AN_OBJECT)))
    assert _alike(plain, _outcome(lambda: program.run(variables)[0]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_the_oracle_agrees(text: str) -> None:
    if (program := _compiled(text)) is None:
        return
    kind, value = _outcome(lambda: program(VALUES))
    oracles = _oracles_outcome(text)
    assert oracles is None or _alike((kind, _plain(value)), oracles)


WORDS = st.sampled_from(
    (
        *(
            "a.b",
            "i",
            "self",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "?",
            ":",
            ",",
            ".",
            "!",
            "-",
            "+",
            "*",
            "/",
            "%",
            "<",
            "<=",
        ),
        *(
            "==",
            "!=",
            "&&",
            "||",
            "in",
            "true",
            "null",
            "1",
            "2u",
            ".5",
            "'x'",
            '"y"',
            "b'z'",
            "r'\\'",
            "has",
            "all",
            "x",
        ),
        *(
            "`",
            "#",
            "//",
            "\n",
            "0x",
            "1e",
            "1e999",
            "99999999999999999999",
            "'\\q'",
            "'''a'''",
            "dyn",
            "size",
            "\\",
            "é",
        ),
    )
)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.lists(WORDS, max_size=12).map(" ".join), st.lists(WORDS, max_size=8).map("".join), st.text(max_size=30)
    )
)
def test_no_text_does_anything_but_compile_or_not(text: str) -> None:
    try:
        program = ENVIRONMENT.compile(text)
    except CompileError as error:
        assert error.issues
        return
    _outcome(lambda: program(VALUES))
