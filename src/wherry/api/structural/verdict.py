"""Whether a value is valid: functions made from shapes, which answer yes or no and build nothing.

Each shape has a table from the Python class of a value to what is asked of it: True (nothing more), or a function. A
class that is not in the table is of the wrong JSON type. The hot loop walks the fields that an object has, with two
look-ups for each; tables are made when the first value of their place is met.

All that `report.py` can find without rules is judged here, including list types and embedded resources, so that a
report is only written when there is something to tell. Both must agree; a property test holds them to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from wherry.api.structural.embedded import validate_resource
from wherry.api.structural.listtypes import has_distinct_items, repeats
from wherry.api.structural.scalars import Check, enum_check, join_checks, number_checks, string_checks
from wherry.api.structural.shape import Shape

Table: TypeAlias = dict[type, Any]
"""By the class of a value: True or a `Check`. (Any, since mypy does not narrow by identity with True.)"""

_CLASSES = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}
_ALL = (str, bool, int, float, dict, list)


def is_valid(table: Table, value: Any) -> bool:
    """Ask a table about a value."""
    check = table.get(type(value))
    return check is True or (check is not None and check(value))


def make_table(shape: Shape) -> Table:
    """What is asked of values at a place. Inner tables are made when they are needed."""
    found: Table | None = shape.forms.get("table")
    if found is None:
        found = shape.forms["table"] = _make_table(shape)
    return found


def _make_table(shape: Shape) -> Table:
    table: Table = {}
    for kind in _classes(shape):
        table[kind] = join_checks(_checks(shape, kind))
    if (shape.nullable or not shape.types) and not shape.enum:
        table[type(None)] = True
    return table


def _classes(shape: Shape) -> tuple[type, ...]:
    if not shape.types:
        return (str, list) if shape.format else _ALL
    classes = tuple(kind for type_ in shape.types for kind in _CLASSES.get(type_, ()))
    if shape.format and not {"integer", "number"}.intersection(shape.types):
        return tuple(dict.fromkeys((*classes, str, list)))  # upstream lets lists pass where a string has a format
    return tuple(dict.fromkeys(classes))


def _checks(shape: Shape, kind: type) -> list[Check]:
    checks: list[Check] = []
    if kind is str:
        checks += string_checks(shape)
    elif kind is int or kind is float:
        checks += number_checks(shape, kind)
    elif kind is list:
        checks += _list_checks(shape)
    elif kind is dict:
        checks += _object_checks(shape)
    if shape.enum:
        checks.append(enum_check(shape.enum))
    return checks + _junctor_checks(shape)


def _list_checks(shape: Shape) -> list[Check]:
    checks: list[Check] = []
    if (most := shape.max_items) is not None:
        checks.append(lambda value: len(value) <= most)
    if (least := shape.min_items) is not None:
        checks.append(lambda value: len(value) >= least)
    if shape.items is not None:
        checks.append(_items_check(shape.items))
    if shape.unique_items:
        checks.append(lambda value: not repeats(value))
    if shape.list_type in ("set", "map"):
        checks.append(lambda value: has_distinct_items(shape, value))
    return checks


def _items_check(shape: Shape) -> Check:
    tables: list[Table] = []

    def check(value: Any) -> bool:
        if not tables:
            tables.append(make_table(shape))
        find = tables[0].get
        for content in value:
            verdict = find(type(content))
            if verdict is True:
                continue
            if verdict is None or not verdict(content):
                return False
        return True

    return check


def _object_checks(shape: Shape) -> list[Check]:
    checks: list[Check] = []
    if (most := shape.max_properties) is not None:
        checks.append(lambda value: len(value) <= most)
    if (least := shape.min_properties) is not None:
        checks.append(lambda value: len(value) >= least)
    if shape.properties or isinstance(shape.additional, Shape) or shape.additional is False:
        checks.append(_fields_check(shape))
    if required := shape.required:
        checks.append(lambda value: all(name in value for name in required))
    if shape.embedded:
        checks.append(lambda value: not validate_resource(value, ""))
    return checks


def _fields_check(shape: Shape) -> Check:
    tables: dict[str, Table] = {}
    find = tables.get
    unknown: list[Table] = []

    def resolve(key: str) -> Table:
        if (inner := shape.properties.get(key)) is not None:
            table = tables[key] = make_table(inner)
            return table
        if not unknown:
            unknown.append(_unknown_table(shape))
        return unknown[0]

    def check(value: Any) -> bool:
        for key, content in value.items():
            table = find(key)
            if table is None:
                table = resolve(key)
            verdict = table.get(type(content))
            if verdict is True:
                continue
            if verdict is None or not verdict(content):
                return False
        return True

    return check


def _unknown_table(shape: Shape) -> Table:
    """What is asked of values that are no property."""
    if isinstance(shape.additional, Shape):
        return make_table(shape.additional)
    return {} if shape.additional is False else dict.fromkeys((*_ALL, type(None)), True)


def _junctor_checks(shape: Shape) -> list[Check]:
    checks: list[Check] = []
    if shape.any_of:
        some = _lazily(shape.any_of)
        checks.append(lambda value: any(is_valid(table, value) for table in some()))
    if shape.one_of:
        one = _lazily(shape.one_of)
        checks.append(lambda value: sum(is_valid(table, value) for table in one()) == 1)
    if shape.all_of:
        every = _lazily(shape.all_of)
        checks.append(lambda value: all(is_valid(table, value) for table in every()))
    if shape.negated is not None:
        none = _lazily((shape.negated,))
        checks.append(lambda value: not is_valid(none()[0], value))
    return checks


def _lazily(shapes: tuple[Shape, ...]) -> Callable[[], tuple[Table, ...]]:
    made: list[tuple[Table, ...]] = []

    def tables() -> tuple[Table, ...]:
        if not made:
            made.append(tuple(make_table(shape) for shape in shapes))
        return made[0]

    return tables
