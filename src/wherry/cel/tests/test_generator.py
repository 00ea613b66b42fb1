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
from wherry.cel.program import Program
from wherry.cel.types import BOOL, DOUBLE, DYN, INT, STRING, ListType, MapType
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


def _expressions(depth: int) -> dict[str, Text]:
    """Expressions by type; those of a depth are made of shallower ones."""
    leaves: dict[str, Text] = {
        "int": st.sampled_from(["0", "1", "-1", "2", "7", "i", "9223372036854775807", "-9223372036854775808", "0x1F"]),
        "uint": st.sampled_from(["0u", "1u", "3u", "18446744073709551615u"]),
        "double": st.sampled_from(["0.0", "1.5", "-2.0", "f", "1e300", ".5"]),
        "string": st.sampled_from(["''", "'a'", '"b"', "s", "'ab\\n'", "'\\u00e9'", "'7'", "'-1'", "'true'"]),
        "bool": st.sampled_from(["true", "false", "b", "has(d.x)", "has(m.a)", "has(m.q)", "d.nope == 1"]),
        "list": st.sampled_from(["[]", "[1]", "[1, 2, 3]", "l", "[i, 5]"]),
        "map": st.sampled_from(["{}", "{'a': 1}", "m", "{'x': i, 'y': 2}"]),
    }
    if depth == 0:
        return leaves
    inner = _expressions(depth - 1)
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


def _exactly(text: str, variables: dict[str, Any]) -> Any:
    function = generate(ENVIRONMENT.check(text), is_exact=True, is_metered=False, charges={})
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
