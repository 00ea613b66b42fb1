"""Limits, messages beyond those of the conformance data, and texts that are meant to hurt."""

from __future__ import annotations

import time

import pytest

from wherry.cel.comprehensions import TWO_VARIABLES
from wherry.cel.environment import Environment
from wherry.cel.errors import CompileError, EvaluationError
from wherry.cel.optionals import OPTIONALS
from wherry.cel.types import BOOL, DYN, INT, ListType

VARIABLES = {"l": ListType(INT), "i": INT, "d": DYN, "b": BOOL}
ENVIRONMENT = Environment(VARIABLES, libraries=(OPTIONALS, TWO_VARIABLES))
VALUES = {"l": [1, 2, 3], "i": 1, "d": {"a": 1}, "b": True}
_EXPRESSION = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


def messages(text: str) -> list[str]:
    with pytest.raises(CompileError) as caught:
        ENVIRONMENT.compile(text)
    return [f"{issue.line}:{issue.column + 1} {issue.message}" for issue in caught.value.issues]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"1:1 Syntax error: mismatched input '<EOF>' expecting {_EXPRESSION}"),
        ("(1", "1:3 Syntax error: mismatched input '<EOF>' expecting ')'"),
        ("(1 2)", "1:4 Syntax error: extraneous input '2' expecting ')'"),
        ("[1 2]", "1:4 Syntax error: extraneous input '2' expecting {']', ','}"),
        ("f(1 2 3)", "1:5 Syntax error: mismatched input '2' expecting ')'"),
        ("b ? 1", "1:6 Syntax error: mismatched input '<EOF>' expecting ':'"),
        ("1 +", f"1:4 Syntax error: mismatched input '<EOF>' expecting {_EXPRESSION}"),
        ("i.", "1:3 Syntax error: no viable alternative at input '.'"),
        ("d.true", "1:3 Syntax error: mismatched input 'true' expecting IDENTIFIER"),
        ("'a", "1:1 Syntax error: token recognition error at: ''a'"),
        ("i = 1", "1:3 Syntax error: token recognition error at: '= '"),
        ("99999999999999999999", "1:1 invalid int literal"),
        ("-9223372036854775809", "1:1 invalid int literal"),
        ("if", "1:1 reserved identifier: if"),
        ("l.all(i.x, true)", "1:8 argument must be a simple name"),
        ("l.map(1, true)", "1:7 argument is not an identifier"),
        ("has(i)", "1:5 invalid argument to has() macro"),
        ("l.all(a, a, true)", "1:10 duplicate variable name: a"),
        ("'\\ud800'", "1:1 invalid unicode code point"),
        ("i\n+ nope", "2:3 undeclared reference to 'nope' (in container '')"),
        ("d.a.b.c(1)", "1:8 undeclared reference to 'c' (in container '')"),
        ("i.a", "1:2 type 'int' does not support field selection"),
        ("i && b", "1:1 expected type 'bool' but found 'int'"),
        ("i + 'a'", "1:3 found no matching overload for '_+_' applied to '(int, string)'"),
        ("'a'.startsWith(1)", "1:15 found no matching overload for 'startsWith' applied to 'string.(int)'"),
        (
            "i.all(x, true)",
            "1:1 expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        ("l.all(x, x)", "1:10 expected type 'bool' but found 'int'"),
        ("b ? 1 : 'a'", "1:3 found no matching overload for '_?_:_' applied to '(bool, int, string)'"),
        ("[?1]", "1:3 expected type 'optional_type(int)' but found 'int'"),
        ("int{}", "1:4 'int' is not a message type"),
        ("nope{a: 1}", "1:5 undeclared reference to 'nope' (in container '')"),
    ],
)
def test_first_messages(text: str, message: str) -> None:
    assert messages(text)[0] == message


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("1 + +", ["1:5", "1:6"]),
        ("i in in", ["1:6", "1:8"]),
        ("? + b", ["1:1", "1:3", "1:6"]),
        ("i + * 1 + 'a' #", ["1:5", "1:15"]),
        ("(1 +) + nope", ["1:5"]),
        ("i | b", ["1:3", "1:5"]),
    ],
)
def test_parsing_goes_on_where_antlr_does(text: str, places: list[str]) -> None:
    assert [message.partition(" ")[0] for message in messages(text)] == places


def test_the_text_of_an_error_shows_the_place() -> None:
    with pytest.raises(CompileError) as caught:
        ENVIRONMENT.compile("i > 0 &&\n\t'é' + i == ''")
    shown = "\n".join(
        [
            "ERROR: <input>:2:6: found no matching overload for '_+_' applied to '(string, int)'",
            " |  'é' + i == ''",
            " | ..\uff0e..^",
        ]
    )
    assert str(caught.value) == shown


def test_more_than_a_hundred_faults_are_counted() -> None:
    with pytest.raises(CompileError) as caught:
        ENVIRONMENT.compile("[" + ", ".join(["nope"] * 150) + "]")
    assert len(caught.value.issues) == 100
    assert str(caught.value).endswith("\n50 more errors were truncated")


LIMITS = {
    "250 parentheses": ("(" * 249 + "1" + ")" * 249, ""),
    "251 parentheses": ("(" * 250 + "1" + ")" * 250, "expression recursion limit exceeded: 250"),
    "250 sums": ("+".join(["i"] * 251), ""),
    "251 sums": ("+".join(["i"] * 252), "max recursion depth exceeded"),
    "251 fields": ("d" + ".a" * 251, "max recursion depth exceeded"),
    "251 levels together": ("d" + ".a" * 130 + " + " + "i + " * 125 + "i", "max recursion depth exceeded"),
    "100,001 characters": (" " * 100_000 + "1", "expression code point size exceeds limit: size: 100001, limit 100000"),
    "optional macros": (
        "optional.of(1)" + ".optMap(x, x + 1)" * 60,
        "expression expands to more than 100000 nodes",
    ),
}


@pytest.mark.parametrize(("text", "message"), LIMITS.values(), ids=LIMITS)
def test_limits(text: str, message: str) -> None:
    if message:
        assert messages(text) == [f"-1:0 {message}"]
    else:
        assert ENVIRONMENT.compile(text)(VALUES) is not None


HOSTILE = {
    "open parentheses": "(" * 90_000,
    "brackets": "[" * 240 + "1" + "]" * 240,
    "maps in maps": "{'a':" * 240 + "1" + "}" * 240,
    "many terms": "&&".join(["b"] * 5_000),
    "many loops": "&&".join(["i / 1 == 1", "l.all(x, x > 0)"] * 200),
    "many errors": "||".join(["i / 0 == 1"] * 500),
    "conditionals": "b ? 1 : " * 240 + "2",
    "conditionals of loops": "l.all(x, x > 5) ? 1 : " * 200 + "2",
    "loops in loops": "".join(f"[1].map(x{n}, " for n in range(240)) + "1" + ")" * 240,
    "loops after loops": "l" + ".map(x, x)" * 240,
    "signs": "!" * 50_000 + "b",
    "items": "[" + ",".join(["1"] * 20_000) + "]",
    "digits": "9" * 99_000,
    "an exponent": "1e" + "9" * 9_000,
    "quotes": "'" * 90_001,
    "triple quotes": '"""' * 30_001,
    "raw quotes": 'r"' * 40_000,
    "escapes": "'" + "\\\\" * 40_000,
    "back-quotes": "`" * 90_000,
    "comments": "//" * 40_000,
    "names": "a." * 40_000,
    "commas": "[" + "," * 90_000,
    "colons": "{a:" * 20_000,
    "types that double": "[1]" + ".map(y, {y: y})" * 100,
    "lists that double": "[[1]]" + ".map(x, x + x)" * 100,
    "values that double": "[1]" + ".map(y, [y, y])" * 100 + " == [1]" + ".map(y, [y, y])" * 100,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_little_time(text: str) -> None:
    before = time.process_time()
    try:
        program = ENVIRONMENT.compile(text)
        program(VALUES)
        program.run(VALUES, 1_000_000)
    except (CompileError, EvaluationError):
        pass
    assert time.process_time() - before < 5
