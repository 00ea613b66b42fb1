"""Lists cut, sorted, made flat (cel-go's `lists` extension, version 3).

[1, 2, 3].slice(1, 3) == [2, 3]     lists.range(3) == [0, 1, 2]     pods.sortBy(p, p.priority)
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from wherry.cel.ast import Call, Comprehension, Expr, Ident, ListExpr, Select
from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.functions import Function, Library, Macro, MacroError, Nodes, Overload
from wherry.cel.library.ordering import COMPARABLE
from wherry.cel.macros import expand_list, variable_name
from wherry.cel.operations import hashable
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    ListType,
    Type,
    TypeParam,
)

LONGEST_RANGE = 1_000_000
"""What no limit of Kubernetes would let pass is not even made: a call is charged when its result is there."""

_INPUT = "@__sortBy_input__"


def slice_list(items: list[Any], start: int, end: int) -> list[Any]:
    """The items from `start` to before `end`."""
    if start < 0 or end < 0:
        raise EvaluationError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvaluationError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(items) < end:
        raise EvaluationError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def flatten(items: list[Any], depth: int = 1) -> list[Any]:
    """The items, with the items of lists among them in their place, so many levels deep."""
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    while depth and any(type(item) is list for item in items):
        items = [inner for item in items for inner in (item if type(item) is list else (item,))]
        depth -= 1
    return items


def sort_by_keys(items: list[Any], keys: list[Any]) -> list[Any]:
    """The items in the order of their keys; equal ones stay as they are."""
    if len(items) != len(keys):
        raise EvaluationError(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, "
            f"but got {len(items)} and {len(keys)} elements respectively"
        )
    if not items:
        return items
    kind = type(keys[0])
    if kind not in COMPARABLE:
        raise EvaluationError("list elements must be comparable")
    if any(type(key) is not kind for key in keys):
        raise EvaluationError("list elements must have the same type")
    return [items[index] for index in sorted(range(len(items)), key=keys.__getitem__)]


def sort(items: list[Any]) -> list[Any]:
    """The items in their order."""
    return sort_by_keys(items, items)


def make_range(length: int) -> list[int]:
    """0, 1 … to before `length`."""
    if length > LONGEST_RANGE:
        raise CostExceededError
    return list(range(length))


def reverse(items: list[Any]) -> list[Any]:
    """The items from last to first."""
    return items[::-1]


def distinct(items: list[Any]) -> list[Any]:
    """The items without those that are equal to an earlier one."""
    first: dict[Hashable, Any] = {}
    for item in items:
        first.setdefault(hashable(item), item)
    return list(first.values())


def _expand_sort_by(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    """`list.sortBy(x, key)`: bind the list, map it to its keys, sort it by them."""
    assert target is not None
    if not isinstance(target, (ListExpr, Select, Ident, Comprehension, Call)):
        message = "sortBy can only be applied to a list, identifier, comprehension, call or select expression"
        raise MacroError(message, target)
    name = variable_name(args[0], "argument is not an identifier")
    keys = expand_list(nodes, nodes.ident(_INPUT), (name, ""), None, args[1])
    return nodes.comprehension(
        nodes.list(),
        ("#unused", ""),
        target,
        nodes.literal(False),
        nodes.ident(_INPUT),
        nodes.member(nodes.ident(_INPUT), "@sortByAssociatedKeys", keys),
        _INPUT,
    )


_T = ListType(TypeParam("T"))
_COMPARABLE: dict[str, Type] = {
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "bool": BOOL,
    "google.protobuf.Duration": DURATION,
    "google.protobuf.Timestamp": TIMESTAMP,
    "string": STRING,
    "bytes": BYTES,
}

LISTS_EXTENSION = Library(
    "cel.lib.ext.lists",
    functions=(
        Function("slice", Overload("list_slice", (_T, INT, INT), _T, slice_list, is_member=True)),
        Function(
            "flatten",
            Overload("list_flatten", (ListType(_T),), _T, flatten, is_member=True),
            Overload("list_flatten_int", (ListType(DYN), INT), ListType(DYN), flatten, is_member=True),
        ),
        Function(
            "sort",
            *(
                Overload(f"list_{name}_sort", (ListType(item),), ListType(item), sort, is_member=True)
                for name, item in _COMPARABLE.items()
            ),
        ),
        Function(
            "@sortByAssociatedKeys",
            *(
                Overload(f"list_{name}_sortByAssociatedKeys", (_T, ListType(item)), _T, sort_by_keys, is_member=True)
                for name, item in _COMPARABLE.items()
            ),
        ),
        Function("lists.range", Overload("lists_range", (INT,), ListType(INT), make_range)),
        Function("reverse", Overload("list_reverse", (_T,), _T, reverse, is_member=True)),
        Function("distinct", Overload("list_distinct", (_T,), _T, distinct, is_member=True)),
    ),
    macros=(Macro("sortBy", 2, _expand_sort_by, is_member=True),),
)
