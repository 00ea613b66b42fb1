"""YAML from strangers: what JSON can say is read, and nothing grows beyond what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.apiserver.yamltext import YamlError, parse_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("a: 2020-01-01", {"a": "2020-01-01"}),
        ("1: yes", {"1": True}),
        ("a:\n- =\n- b", {"a": ["=", "b"]}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: &x {k: 1}\nb: {<<: *x, l: 2}", {"a": {"k": 1}, "b": {"k": 1, "l": 2}}),
    ],
)
def test_what_json_can_say_is_read(text: str, expected: Any) -> None:
    assert parse_yaml(text.encode()) == expected


def _levels(first: str, item: str) -> str:
    """Nine levels, each ten times the one before."""
    lines = [f"l0: &l0 {first}"]
    for level in range(1, 9):
        lines.append(f"l{level}: &l{level} " + item.format(", ".join([f"*l{level - 1}"] * 10)))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_levels("[x, x]", "[{}]"), "excessive aliasing"),
        (_levels("{k: 1}", "{{<<: [{}]}}"), "excessive aliasing"),
        (f"a: &a {'x' * 10_000}\nb: [{', '.join(['*a'] * 1_000)}]", "excessive aliasing"),
        ("a: &a {b: *a}", "contains itself"),
        ("[" * 10_000 + "]" * 10_000, "recursion"),
        ("- " * 5_000 + "a", "recursion"),
        ("a: " + "9" * 6_000, "cannot unmarshal number"),
        ("a: 0x" + "f" * 1_000_000, "cannot unmarshal number"),
        ("!!set {a, b}", "constructor"),
        ('!!python/object/apply:os.system ["id"]', "constructor"),
    ],
    ids=["lists", "merges", "strings", "cycle", "flow", "block", "digits", "hexadecimal digits", "set", "code"],
)
def test_what_would_grow_or_act_is_refused(text: str, why: str) -> None:
    with pytest.raises(YamlError, match=why):
        parse_yaml(text.encode())
