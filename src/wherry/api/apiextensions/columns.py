"""What `kubectl get` shows of custom objects: the name, and what the definition's printer columns lead to."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.meta.columns import NAME, elapsed, since
from wherry.api.resource import Cell, Column
from wherry.api.structural.jsonpath import Path, PathError, compile_path
from wherry.api.structural.numbers import format_number

INVALID = "<invalid>"

_AGE = Column(
    "Age",
    since("metadata.creationTimestamp", INVALID),
    "date",
    description="How long ago the object was created.",
)


def columns(definitions: Sequence[Obj]) -> tuple[Column, ...]:
    """The columns of a version; without any of its own, the age is shown. A path that is none ends the table."""
    if not definitions:
        return (NAME, _AGE)
    made = [NAME]
    for definition in definitions:
        try:
            path = compile_path(definition["jsonPath"])
        except PathError:
            break
        made.append(_column(definition, path))
    return tuple(made)


def _column(definition: Obj, path: Path) -> Column:
    text = definition["jsonPath"]
    return Column(
        definition["name"],
        _value(path, _CELLS.get(definition["type"], _nothing)),
        definition["type"],
        definition.get("format") or "",
        definition.get("priority") or 0,
        definition.get("description") or f"Custom resource definition column (in JSONPath format): {text}",
    )


def _value(path: Path, cell: Callable[[Any, float], Any]) -> Callable[[Obj, float], Cell]:
    """Only the first of what the path finds is shown; a path that cannot be followed shows nothing."""

    def value(obj: Obj, now: float) -> Cell:
        try:
            found = path.find(obj)
        except PathError:
            return None
        shown: Cell = cell(found[0], now) if found else None
        return shown

    return value


def _nothing(_value: Any, _now: float) -> None:
    return None


def _text(value: Any, _: float) -> str:
    if value is None:
        return "<no value>"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int or type(value) is float:
        return format_number(value)
    return value if type(value) is str else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _integer(value: Any, _: float) -> int | None:
    return int(value) if type(value) is int or type(value) is float else None


def _number(value: Any, _: float) -> float | None:
    return value if type(value) is int or type(value) is float else None


def _boolean(value: Any, _: float) -> bool | None:
    return value if type(value) is bool else None


def _date(value: Any, now: float) -> str | None:
    if type(value) is not str:
        return None
    try:
        return elapsed(value, now)
    except ValueError:
        return INVALID


_CELLS: dict[str, Callable[[Any, float], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}
