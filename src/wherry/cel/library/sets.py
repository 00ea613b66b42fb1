"""Lists taken as sets (cel-go's `sets` extension): order and repetition do not matter, equality is CEL's.

sets.contains([1, 2, 3], [2u, 3.0])     sets.equivalent([1], [1, 1])     sets.intersects([1], [1, 2])
"""

from __future__ import annotations

from typing import Any

from wherry.cel.functions import Function, Library, Overload
from wherry.cel.operations import hashable
from wherry.cel.types import BOOL, ListType, TypeParam


def contains(items: list[Any], wanted: list[Any]) -> bool:
    """Whether every item of `wanted` is in `items`."""
    found = set(map(hashable, items))
    return all(hashable(item) in found for item in wanted)


def intersects(left: list[Any], right: list[Any]) -> bool:
    """Whether any item is in both."""
    found = set(map(hashable, right))
    return any(hashable(item) in found for item in left)


def equivalent(left: list[Any], right: list[Any]) -> bool:
    """Whether each contains the other."""
    return contains(left, right) and contains(right, left)


_TWO_LISTS = (ListType(TypeParam("T")), ListType(TypeParam("T")))

SETS = Library(
    "cel.lib.ext.sets",
    functions=(
        Function("sets.contains", Overload("list_sets_contains_list", _TWO_LISTS, BOOL, contains)),
        Function("sets.equivalent", Overload("list_sets_equivalent_list", _TWO_LISTS, BOOL, equivalent)),
        Function("sets.intersects", Overload("list_sets_intersects_list", _TWO_LISTS, BOOL, intersects)),
    ),
)
