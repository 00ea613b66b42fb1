"""Columns: makers of cells. Columns of kinds are judged by the cases of `api/tests/cases`."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, DEFAULT_COLUMNS, boolean, joined, listed, number, since, size, text

NOW = 1_767_268_800.0


def test_makers() -> None:
    obj = {"a": {"s": "x", "n": 3, "b": True, "l": ["p", "q"]}, "t": "2026-01-01T11:59:30Z"}
    assert text("a.s")(obj, NOW) == "x"
    assert text(".a.none", "<none>")(obj, NOW) == "<none>"
    assert text("a.s.deeper")(obj, NOW) == ""
    assert number("a.n")(obj, NOW) == 3
    assert number("a.none")(obj, NOW) == 0
    assert boolean("a.b")(obj, NOW) is True
    assert size("a.l", "a.none")(obj, NOW) == 2
    assert joined("a.l")(obj, NOW) == "p,q"
    assert since("t")(obj, NOW) == "30s"
    assert since("none", "<none>")(obj, NOW) == "<none>"


def test_lists_are_cut_short() -> None:
    assert listed("abc") == "a,b,c"
    assert listed("abcde") == "a,b,c + 2 more..."
    assert listed("") == "<unset>"


def test_age_of_what_has_none() -> None:
    assert callable(AGE.value)
    assert AGE.value({"metadata": {}}, NOW) == "<unknown>"
    assert [column.name for column in DEFAULT_COLUMNS] == ["Name", "Age"]
