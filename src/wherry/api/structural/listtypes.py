"""Lists that are sets or maps: their items differ, as a whole or in their keys.

Of items that are alike, the second is told, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from wherry.api.field import FieldError, duplicate, invalid
from wherry.api.structural.shape import Shape


def validate_lists(shape: Shape, value: Any, path: str) -> list[FieldError]:
    """The faults of all lists at a place and below it."""
    faults: list[FieldError] = []
    if type(value) is dict:
        additional = shape.additional
        for key, content in value.items():
            if isinstance(additional, Shape) and type(content) in (dict, list):
                faults += validate_lists(additional, content, f"{path}[{key}]")
            if (inner := shape.properties.get(key)) is not None and type(content) in (dict, list):
                faults += validate_lists(inner, content, f"{path}.{key}" if path else key)
    elif type(value) is list:
        faults += _validate_list(shape, value, path)
        if shape.items is not None:
            for index, content in enumerate(value):
                if type(content) in (dict, list):
                    faults += validate_lists(shape.items, content, f"{path}[{index}]")
    return faults


def has_distinct_items(shape: Shape, items: list[Any]) -> bool:
    """Whether a list has no fault of its own; quick where all is well."""
    if shape.list_type == "set":
        try:
            if len(set(items)) == len(items):
                return True
        except TypeError:
            pass
    elif len(shape.list_keys) == 1:
        key = shape.list_keys[0]
        try:
            if len({item[key] for item in items if type(item) is dict}) == len(items):
                return True
        except (KeyError, TypeError):
            pass
    return not _validate_list(shape, items, "")


def repeats(items: list[Any]) -> bool:
    """Whether a list holds a value twice."""
    return next(_repeated(items), None) is not None


def _validate_list(shape: Shape, items: list[Any], path: str) -> list[FieldError]:
    if shape.list_type == "set":
        return [duplicate(f"{path}[{index}]", items[index]) for index in _repeated(items)]
    if shape.list_type == "map":
        for index, item in enumerate(items):
            if item is not None and type(item) is not dict:
                return [invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")]
        keys = [{key: (item or {})[key] for key in shape.list_keys if key in (item or {})} for item in items]
        return [duplicate(f"{path}[{index}]", keys[index]) for index in _repeated(keys)]
    return []


def _repeated(items: Sequence[Any]) -> Iterator[int]:
    """Where a value stands for the second time."""
    seen: dict[Any, int] = {}
    for index, item in enumerate(items):
        mark = _encoder.encode(item) if type(item) in (dict, list) else (type(item), item)
        times = seen[mark] = seen.get(mark, 0) + 1
        if times == 2:
            yield index


_encoder = msgspec.json.Encoder(order="deterministic")
