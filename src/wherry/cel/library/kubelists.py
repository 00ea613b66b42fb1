"""Sums, extremes and positions of a list's items (Kubernetes' `lists` library).

[1, 3].sum() == 4     [3, 1].min() == 1     ['a', 'b'].isSorted()     [1, 2, 2].lastIndexOf(2) == 2
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice, pairwise
from operator import gt
from typing import Any

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.ordering import COMPARABLE, compare
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    ListType,
    PrimitiveType,
    TypeParam,
)
from wherry.cel.values import INT_MAX, Duration, Uint, checked_duration, checked_int, checked_uint, equals

_SIMPLE = COMPARABLE - {float}
"""Python classes whose values all have an order: Python's own loops may do the comparing."""


def _is_simple(items: list[Any]) -> bool:
    kinds = set(map(type, items))
    return len(kinds) == 1 and kinds <= _SIMPLE


def is_sorted(items: list[Any]) -> bool:
    """Whether no item is greater than the next. Items without an order do not count."""
    if _is_simple(items):
        return not any(map(gt, items, islice(items, 1, None)))
    return all(compare(left, right) != 1 for left, right in pairwise(items))


def extreme(items: list[Any], name: str, worse: int, choose: Callable[[list[Any]], Any]) -> Any:
    """The first item to which no other is preferred; `worse` is how a worse one compares to a better one."""
    if not items:
        raise EvaluationError(f"{name} called on empty list")
    if _is_simple(items):
        return choose(items)
    best = items[0]
    for item in items:
        if compare(best, item) == worse:
            best = item
    return best


_ADD: dict[type, Callable[[Any, Any], Any]] = {
    int: lambda left, right: checked_int(left + right),
    Uint: lambda left, right: checked_uint(left + right),
    float: lambda left, right: left + right,
    Duration: lambda left, right: checked_duration(left.nanoseconds + right.nanoseconds),
}


def total(items: list[Any], zero: Any) -> Any:
    """The sum, within the range of the items' type at every step; `zero` if there is none."""
    if not items:
        return zero
    kind = type(items[0])
    if kind not in _ADD or set(map(type, items)) != {kind}:
        raise EvaluationError("no such overload")
    if kind is int and max(max(items), -min(items)) <= INT_MAX // len(items):
        return sum(items)
    add = _ADD[kind]
    result = kind(0)
    for item in items:
        result = add(result, item)
    return result


def index_of(items: list[Any], wanted: Any) -> int:
    """Where the first item equal to `wanted` is, -1 if nowhere."""
    return next((index for index, item in enumerate(items) if equals(item, wanted)), -1)


def last_index_of(items: list[Any], wanted: Any) -> int:
    """Where the last item equal to `wanted` is, -1 if nowhere."""
    return next((index for index in range(len(items) - 1, -1, -1) if equals(items[index], wanted)), -1)


_COMPARABLE: dict[str, PrimitiveType] = {
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "bool": BOOL,
    "duration": DURATION,
    "timestamp": TIMESTAMP,
    "string": STRING,
    "bytes": BYTES,
}
_ZEROS: dict[str, Any] = {"int": 0, "uint": Uint(0), "double": 0.0, "duration": Duration(0)}

_MIN = partial(extreme, name="min", worse=1, choose=min)
_MAX = partial(extreme, name="max", worse=-1, choose=max)


def _same_type(name: str, verb: str, implementation: Callable[..., Any]) -> Overload:
    item = _COMPARABLE[name]
    return Overload(f"list_{name}_{verb}_{name}", (ListType(item),), item, implementation, is_member=True)


def _position(id: str, implementation: Callable[..., int]) -> Overload:
    item = TypeParam("A")
    return Overload(id, (ListType(item), item), INT, implementation, is_member=True)


LISTS = Library(
    "kubernetes.lists",
    functions=(
        Function(
            "isSorted",
            *(
                Overload(f"list_{name}_is_sorted_bool", (ListType(item),), BOOL, is_sorted, is_member=True)
                for name, item in _COMPARABLE.items()
            ),
        ),
        Function("sum", *(_same_type(name, "sum", partial(total, zero=zero)) for name, zero in _ZEROS.items())),
        Function("min", *(_same_type(name, "min", _MIN) for name in _COMPARABLE)),
        Function("max", *(_same_type(name, "max", _MAX) for name in _COMPARABLE)),
        Function("indexOf", _position("list_a_index_of_int", index_of)),
        Function("lastIndexOf", _position("list_a_last_index_of_int", last_index_of)),
    ),
)
