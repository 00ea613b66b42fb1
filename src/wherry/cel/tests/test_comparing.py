"""Equality of typed JSON."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.cel.comparing import comparer
from wherry.cel.environment import Environment
from wherry.cel.types import DOUBLE, INT, STRING, TIMESTAMP, Field, ListType, MapType, ObjectType, OptionalType, Type

SET = ListType(STRING, identity=())
PORT = ObjectType("port", {"name": STRING, "port": INT})
PORTS = ListType(PORT, identity=("name",))
TIMED = ObjectType("timed", {"when": TIMESTAMP, "tags": SET, "maybe": Field(STRING, is_nullable=True)})
NOON, NOON_ELSEWHERE = "2024-01-01T12:00:00Z", "2024-01-01T13:00:00+01:00"


@pytest.mark.parametrize(
    ("type_", "left", "right", "is_equal"),
    [
        (SET, ["a", "b"], ["b", "a"], True),
        (SET, ["a", "b"], ["b", "c"], False),
        (SET, ["a"], ["a", "b"], False),
        (PORTS, [{"name": "a", "port": 1}, {"name": "b"}], [{"name": "b"}, {"name": "a", "port": 1}], True),
        (PORTS, [{"name": "a", "port": 1}], [{"name": "a", "port": 2}], False),
        (ListType(PORTS), [[{"name": "a"}, {"name": "b"}]], [[{"name": "b"}, {"name": "a"}]], True),
        (MapType(STRING, SET), {"x": ["a", "b"]}, {"x": ["b", "a"]}, True),
        (MapType(STRING, SET), {"x": ["a"]}, {"y": ["a"]}, False),
        (TIMED, {"when": NOON}, {"when": NOON_ELSEWHERE}, True),
        (TIMED, {"when": NOON}, {"when": "2024-01-01T12:00:01Z"}, False),
        (TIMED, {"tags": ["a", "b"]}, {"tags": ["b", "a"]}, True),
        (TIMED, {"maybe": "x"}, {"maybe": "x"}, True),
        (TIMED, {"maybe": None}, {"maybe": None}, False),
        (TIMED, {"maybe": "x"}, {"other": "x"}, False),
        (TIMED, {"undeclared": 1}, {"undeclared": 1}, True),
        (TIMED, {"undeclared": 1}, {"undeclared": 2}, False),
        (OptionalType(SET), None, None, True),
        (ListType(TIMED), [{"when": NOON}], [{"when": NOON_ELSEWHERE}], True),
        (SET, None, ["a"], False),
    ],
)
def test_equality(type_: Type, left: Any, right: Any, is_equal: bool) -> None:
    compare = comparer(type_)
    assert compare is not None
    assert compare(left, right) is is_equal
    program = Environment({"a": type_, "b": type_}).compile("a == b")
    assert program({"a": left, "b": right}) is is_equal
    assert program.run({"a": left, "b": right})[0] is is_equal


@pytest.mark.parametrize(
    "type_",
    [
        INT,
        ListType(DOUBLE),
        MapType(STRING, TIMESTAMP),
        PORT,
        ListType(PORT),
        ObjectType("o", {"ports": ListType(PORT), "ratio": DOUBLE}),
    ],
    ids=str,
)
def test_most_types_need_none(type_: Type) -> None:
    assert comparer(type_) is None


def test_a_type_within_itself() -> None:
    node = ObjectType("node", lambda: {"next": node, "when": TIMESTAMP})
    compare = comparer(node)
    assert compare is not None
    assert compare({"when": NOON, "next": {}}, {"when": NOON_ELSEWHERE, "next": {}})


VARIABLES = {"s": SET, "p": PORTS, "l": ListType(TIMED), "o": TIMED}
VALUES = {
    "s": ["a", "b"],
    "p": [{"name": "a", "port": 1}, {"name": "b", "port": 2}],
    "l": [{"when": NOON}],
    "o": {"when": NOON_ELSEWHERE},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("s + ['c', 'a'] == ['c', 'b', 'a']", True),
        ("(s + ['c']) + ['d'] == ['d', 'c', 'b', 'a']", True),
        ("['b', 'a'] == s", False),
        ("(['x'] + s) == ['x', 'a', 'b']", True),
        ("s + ['b', 'c']", ["a", "b", "c"]),
        ("p.map(x, x) + p == p.map(x, x)", False),
        ("(p + p).size()", 2),
        ("o in l", True),
        ("s != ['b', 'a']", False),
    ],
)
def test_the_left_side_decides(text: str, value: Any) -> None:
    program = Environment(VARIABLES).compile(text)
    assert program(VALUES) == value
    assert program.run(VALUES)[0] == value
