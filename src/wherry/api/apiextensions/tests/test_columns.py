from __future__ import annotations

from typing import Any

import pytest

from wherry.api.apiextensions.columns import columns
from wherry.lib.clock import parse_time

NOW = parse_time("2026-01-01T12:00:00Z")
OBJ: Any = {
    "metadata": {"name": "x", "creationTimestamp": "2026-01-01T11:59:00Z"},
    "spec": {"s": "text", "i": 3, "f": 2.7, "b": True, "null": None, "m": {"b": 1, "a": [1]}, "l": ["p", "q"]},
    "status": {"at": "2026-01-01T11:00:00Z", "bad": "yesterday"},
}


@pytest.mark.parametrize(
    ("type_", "path", "cell"),
    [
        ("string", ".spec.s", "text"),
        ("string", ".spec.i", "3"),
        ("string", ".spec.f", "2.7"),
        ("string", ".spec.b", "true"),
        ("string", ".spec.null", "<no value>"),
        ("string", ".spec.m", '{"a":[1],"b":1}'),
        ("string", ".spec.l[*]", "p"),
        ("string", ".spec.missing", None),
        ("string", ".spec.l[7]", None),
        ("integer", ".spec.i", 3),
        ("integer", ".spec.f", 2),
        ("integer", ".spec.s", None),
        ("number", ".spec.f", 2.7),
        ("boolean", ".spec.b", True),
        ("boolean", ".spec.i", None),
        ("date", ".status.at", "60m"),
        ("date", ".status.bad", "<invalid>"),
        ("date", ".spec.i", None),
    ],
)
def test_cells(type_: str, path: str, cell: Any) -> None:
    name, column = columns([{"name": "C", "type": type_, "jsonPath": path}])
    value = column.value
    assert callable(value)
    assert value(OBJ, NOW) == cell
    assert (name.name, column.name, column.type) == ("Name", "C", type_)


def test_without_columns_the_age_is_shown() -> None:
    assert [(column.name, column.type) for column in columns([])] == [("Name", "string"), ("Age", "date")]


def test_descriptions_and_priorities() -> None:
    plain, told = columns(
        [
            {"name": "A", "type": "string", "jsonPath": ".a"},
            {"name": "B", "type": "integer", "jsonPath": ".b", "description": "b", "priority": 1, "format": "int32"},
        ]
    )[1:]
    assert plain.description == "Custom resource definition column (in JSONPath format): .a"
    assert (told.description, told.priority, told.format) == ("b", 1, "int32")


def test_a_path_that_is_none_ends_the_table() -> None:
    given = [{"name": name, "type": "string", "jsonPath": path} for name, path in (("A", ".a["), ("B", ".b"))]
    assert [column.name for column in columns(given)] == ["Name"]
