"""The regular expressions of Go: their dialect, their errors, and time that stays bounded."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.regex import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^abc$", "abc", True),
        ("^abc$", "abc\n", False),
        ("b", "abc", True),
        ("", "", True),
        (r"^\d+$", "٣", False),
        (r"^\w$", "é", False),
        (r"^\pL$", "é", True),
        ("^.$", "é", True),
        ("(?i)^ABC$", "abc", True),
        ("(?P<a>x)(?<b>y)", "xy", True),
        (r"\bfoo\b", "a foo b", True),
        (r"\QA.B\E", "A.B", True),
        ("^.$", "\ud800", True),
    ],
)
def test_search(pattern: str, text: str, found: bool) -> None:
    assert compile_pattern(pattern).search(text) is found


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(a{1000}){1000}", "invalid repeat count: `{1000}`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        (r"\\\C", r"invalid escape sequence: `\C`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("\\", "trailing backslash at end of expression: ``"),
        ("(((((((.{100}){10}.{100}){1}.{100})))))" + "[^a]{900}" * 200, None),
    ],
)
def test_faulty_patterns(pattern: str, message: str | None) -> None:
    with pytest.raises(PatternError) as failure:
        compile_pattern(pattern)
    assert str(failure.value) == f"error parsing regexp: {message or f'expression too large: `{pattern}`'}"


@pytest.mark.parametrize(
    ("pattern", "text", "limit", "found"),
    [
        ("[0-9]+", "123 abc 456", -1, ["123", "456"]),
        ("[0-9]+", "123 abc 456", 1, ["123"]),
        ("[0-9]+", "123 abc 456", 0, []),
        ("[0-9]*", "12a3", -1, ["12", "3"]),
        ("[0-9]*", "a12", -1, ["", "12"]),
        ("x*", "äö", -1, ["", "", ""]),
        ("^a", "aaa", -1, ["a"]),
        ("xyz", "abc", -1, []),
    ],
)
def test_find_all(pattern: str, text: str, limit: int, found: list[str]) -> None:
    assert compile_pattern(pattern).find_all(text, limit) == found


def test_find() -> None:
    assert compile_pattern("[0-9]*").find("abc 123") == ""
    assert compile_pattern("[0-9]+").find("äbc 123 4") == "123"
    assert compile_pattern("x").find("abc") is None


@given(st.text("ab\u00e4", max_size=12), st.sampled_from(["a+", "ab|b", "(a|b)b?", "[^a]", "\u00e4a*"]))
def test_agrees_with_the_other_engine(text: str, pattern: str) -> None:
    theirs = [match.group() for match in re.finditer(pattern, text)]
    assert compile_pattern(pattern).find_all(text) == theirs
    assert compile_pattern(pattern).find(text) == (theirs[0] if theirs else None)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a?)+$", "^(.*a){20}$", "(x+x+)+y"])
def test_hostile_patterns_take_no_time(pattern: str) -> None:
    started = time.process_time()
    compile_pattern(pattern).search("a" * 5000 + "x" * 5000 + "!")
    assert time.process_time() - started < 1
