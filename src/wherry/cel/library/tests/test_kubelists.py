"""Sums, extremes and order of lists, also of those whose items are of several kinds."""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.errors import EvaluationError
from wherry.cel.library.kubelists import LISTS, extreme, is_sorted, total
from wherry.cel.library.ordering import compare
from wherry.cel.values import INT_MAX, INT_MIN, UINT_MAX, Duration, Uint

INTS = st.lists(st.one_of(st.integers(-5, 5), st.integers(INT_MIN, INT_MAX)), min_size=1, max_size=6)
MIXED = st.lists(
    st.sampled_from([1, 2, 1.5, Uint(2), math.nan, "a", "b", b"a", True, None, Duration(1), [1]]),
    min_size=1,
    max_size=6,
)


@given(INTS)
def test_a_sum_overflows_where_a_step_does(items: list[int]) -> None:
    steps = [sum(items[: end + 1]) for end in range(len(items))]
    if all(INT_MIN <= step <= INT_MAX for step in steps):
        assert total(items, 0) == steps[-1]
    else:
        with pytest.raises(EvaluationError, match="integer overflow"):
            total(items, 0)


@given(MIXED)
def test_items_without_an_order_do_not_count(items: list[Any]) -> None:
    assert is_sorted(items) is all(compare(left, right) != 1 for left, right in pairwise(items))
    least = reduce(lambda best, item: item if compare(best, item) == 1 else best, items)
    assert extreme(items, "min", 1, min) is least
    most = reduce(lambda best, item: item if compare(best, item) == -1 else best, items)
    assert extreme(items, "max", -1, max) is most


def test_sums_keep_their_type() -> None:
    assert type(total([Uint(1), Uint(2)], 0)) is Uint
    assert total([Duration(1), Duration(2)], 0) == Duration(3)
    assert type(total([], 0.0)) is float
    with pytest.raises(EvaluationError, match="unsigned integer overflow"):
        total([Uint(UINT_MAX), Uint(1)], Uint(0))


def test_each_function_has_an_overload_per_type() -> None:
    counts = {function.name: len(function.overloads) for function in LISTS.functions}
    assert counts == {"isSorted": 8, "sum": 4, "min": 8, "max": 8, "indexOf": 1, "lastIndexOf": 1}
