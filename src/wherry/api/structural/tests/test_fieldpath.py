from __future__ import annotations

import pytest

from wherry.api.structural.fieldpath import FieldPathError, find_field
from wherry.api.structural.shape import parse

SHAPE = parse(
    {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"a": {"type": "string"}, "white space": {"type": "integer"}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "list": {"type": "array", "items": {"type": "string"}},
        },
    }
)


@pytest.mark.parametrize(
    ("text", "path", "type_"),
    [
        (".spec.a", "spec.a", "string"),
        ("['spec'].a", "spec.a", "string"),
        (".spec['white space']", "spec.white space", "integer"),
        (".spec.white space", "spec.white space", "integer"),
        (".labels['app.io/name']", "labels[app.io/name]", "string"),
        (".labels.x", "labels[x]", "string"),
        (r".labels['a\'b']", "labels[a'b]", "string"),
        ("", "", "object"),
    ],
)
def test_found(text: str, path: str, type_: str) -> None:
    found = find_field(SHAPE, text)
    assert (found.path, found.shape.type) == (path, type_)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".spec.b", "does not refer to a valid field"),
        (".spec.a.b", "does not refer to a valid field"),
        (".list[0]", "expected single quoted string but got 0"),
        (".list['0']", "does not refer to a valid field"),
        ("spec", "expected [ or . but got: spec"),
        (".", "unexpected end of JSON path"),
        (".spec['a'", "unexpected end of JSON path"),
        (".spec['a'.", "expected ] but got ."),
        (r".labels['\x']", r"invalid string literal: invalid escape char \x"),
    ],
)
def test_lost(text: str, why: str) -> None:
    with pytest.raises(FieldPathError) as caught:
        find_field(SHAPE, text)
    assert str(caught.value) == why


def test_brackets_can_be_forbidden() -> None:
    with pytest.raises(FieldPathError, match="array notation is not allowed"):
        find_field(SHAPE, "['spec']", allows_brackets=False)
