from __future__ import annotations

from typing import Any

import pytest

from wherry.testing.fielddiff import field_changes

CASES: dict[str, tuple[Any, Any, list[str]]] = {
    "nothing": ({"a": 1}, {"a": 1}, []),
    "number": ({"spec": {"replicas": 3}}, {"spec": {"replicas": 5}}, ["spec.replicas: 3 -> 5"]),
    "new field": ({}, {"spec": {"a": True}}, ['+spec: {"a":true}']),
    "gone": ({"data": {"a": "1", "b": "2"}}, {"data": {"a": "1"}}, ["-data.b: 2"]),
    "odd key": (
        {"metadata": {"labels": {}}},
        {"metadata": {"labels": {"app.io/x": "y"}}},
        ['+metadata.labels["app.io/x"]: y'],
    ),
    "by name": (
        {"c": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y"}]},
        {"c": [{"name": "b", "image": "y"}, {"name": "a", "image": "x:2"}]},
        ["c[a].image: x:1 -> x:2"],
    ),
    "by type": ({"c": []}, {"c": [{"type": "Ready"}]}, ['+c[Ready]: {"type":"Ready"}']),
    "by place": ({"args": ["a", "b"]}, {"args": ["a", "c", "d"]}, ["args[1]: b -> c", "+args[2]: d"]),
    "names that repeat": (
        {"c": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]},
        {"c": [{"name": "a", "v": 1}, {"name": "a", "v": 3}]},
        ["c[1].v: 2 -> 3"],
    ),
    "noise": ({"metadata": {"resourceVersion": "1"}}, {"metadata": {"managedFields": [1]}}, []),
    "null": ({"a": None}, {"a": 1}, ["a: null -> 1"]),
    "long": ({"a": "x" * 99}, {"a": ""}, [f"a: {'x' * 57}... -> "]),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
def test_changes(before: Any, after: Any, expected: list[str]) -> None:
    assert [str(change) for change in field_changes(before, after)] == expected


def test_a_change_is_told_on_one_line() -> None:
    (change,) = field_changes({"data": {"ca": ""}}, {"data": {"ca": "one\ntwo"}})
    assert str(change) == r'data.ca:  -> "one\ntwo"'
