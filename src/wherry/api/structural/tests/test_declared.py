from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.structural.declared import MOST_BYTES, declare, escape
from wherry.api.structural.shape import parse
from wherry.cel.types import ObjectType


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("plain", "plain"),
        ("a-b", "a__dash__b"),
        ("a.b/c", "a__dot__b__slash__c"),
        ("a__b", "a__underscores__b"),
        ("namespace", "__namespace__"),
        ("true", "__true__"),
        ("1a", None),
        ("a b", None),
        ("é", None),
        ("", None),
    ],
)
def test_escape(name: str, escaped: str | None) -> None:
    assert escape(name) == escaped


@pytest.mark.parametrize(
    ("schema", "type_", "most", "least"),
    [
        ({"type": "string"}, "string", MOST_BYTES - 2, 2),
        ({"type": "string", "maxLength": 5}, "string", 20, 2),
        ({"type": "string", "enum": ["a", "bcd"]}, "string", 3, 2),
        ({"type": "string", "format": "byte", "maxLength": 5}, "bytes", 5, 2),
        ({"type": "string", "format": "duration"}, "duration", 32, 3),
        ({"type": "string", "format": "date"}, "timestamp", 12, 12),
        ({"type": "string", "format": "date-time"}, "timestamp", 32, 21),
        ({"type": "integer"}, "int", None, 1),
        ({"type": "number"}, "double", None, 1),
        ({"type": "boolean"}, "bool", None, 4),
        ({"x-kubernetes-int-or-string": True}, "dyn", MOST_BYTES - 2, 1),
        ({"type": "array", "items": {"type": "integer"}}, "list(int)", (MOST_BYTES - 2) // 2, 2),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 3}, "list(int)", 3, 2),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "map(string, string)",
            (MOST_BYTES - 2) // 8,
            2,
        ),
        (
            {
                "type": "object",
                "required": ["abc", "d"],
                "properties": {"abc": {"type": "boolean"}, "d": {"type": "integer", "default": 1}},
            },
            "T",
            None,
            2 + 3 + 4 + 4,
        ),
    ],
)
def test_declared(schema: Obj, type_: str, most: int | None, least: int) -> None:
    declared = declare(parse(schema), "T")
    assert declared is not None
    assert (str(declared.type), declared.type.max_size, declared.least_bytes) == (type_, most, least)


@pytest.mark.parametrize(
    "schema",
    [
        {"x-kubernetes-preserve-unknown-fields": True},
        {"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": True}},
        {"type": "object", "additionalProperties": {"x-kubernetes-preserve-unknown-fields": True}},
    ],
)
def test_what_rules_cannot_speak_of(schema: Any) -> None:
    assert declare(parse(schema), "T") is None


def test_every_resource_has_names_that_rules_can_read() -> None:
    restricted = {
        "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}}}
    }
    declared = declare(parse({"type": "object", **restricted}), "T", is_resource=True)
    assert declared is not None
    metadata = declared.field("metadata")
    assert metadata is not None and isinstance(metadata.type, ObjectType)
    name, generated = metadata.field("name"), metadata.field("generateName")
    assert name is not None and generated is not None
    assert (name.type.max_size, generated.type.max_size) == (36, 252 * 4)
