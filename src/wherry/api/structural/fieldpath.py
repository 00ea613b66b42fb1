"""Paths to fields as rules and selectable fields write them: `.spec.name`, `.spec.labels['app.io/name']`.

Stricter than `jsonpath.py`: names only, each known to the schema, and no lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from wherry.api.structural.shape import Shape


class FieldPathError(ValueError):
    """The text is no path into the schema, in upstream's words."""


class Found(Struct, frozen=True):
    """Where a path leads."""

    path: str
    """As fields are named in faults: `spec.name`, `spec.labels[app.io/name]`."""
    first: str
    shape: Shape


def find_field(shape: Shape, text: str, *, allows_brackets: bool = True) -> Found:
    """Follow a path from a place; raises FieldPathError. A text without steps leads to the place itself."""
    path, first = "", ""
    for name, in_brackets in _steps(text):
        if in_brackets and not allows_brackets:
            raise FieldPathError("array notation is not allowed")
        if shape.properties:
            path, inner = f"{path}.{name}", shape.properties.get(name)
        else:
            path, inner = f"{path}[{name}]", shape.additional if isinstance(shape.additional, Shape) else None
        if inner is None:
            raise FieldPathError("does not refer to a valid field")
        shape, first = inner, first or name
    return Found(path.removeprefix("."), first, shape)


_PART = re.compile(r"'(?:\\.|[^\\'])*'|[.\[\]]|[^.\[\]]+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


def _steps(text: str) -> Iterator[tuple[str, bool]]:
    """(name, whether it stood in brackets) of each step."""
    parts = iter(_PART.findall(text))
    for part in parts:
        if part == "[":
            yield _unquote(_next(parts)), True
            if (closing := _next(parts)) != "]":
                raise FieldPathError(f"expected ] but got {closing}")
        elif part == ".":
            yield _next(parts), False
        else:
            raise FieldPathError(f"expected [ or . but got: {part}")


def _next(parts: Iterator[str]) -> str:
    part = next(parts, None)
    if part is None:
        raise FieldPathError("unexpected end of JSON path")
    return part


def _unquote(part: str) -> str:
    if len(part) < 2 or not part.startswith("'") or not part.endswith("'"):
        raise FieldPathError(f"expected single quoted string but got {part}")

    def replace(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPED:
            raise FieldPathError(f"invalid string literal: invalid escape char {match[0]}")
        return _ESCAPED[match[1]]

    return _ESCAPE.sub(replace, part[1:-1])
