"""Order, and what is found by hashing instead of comparing: always what loops would give."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.library.kubelists import index_of, is_sorted
from wherry.cel.library.lists import distinct, flatten, sort, sort_by_keys
from wherry.cel.library.ordering import compare
from wherry.cel.library.quantity import to_quantity
from wherry.cel.library.sets import contains, equivalent, intersects
from wherry.cel.operations import hashable
from wherry.cel.values import NONE, Duration, Optional, Timestamp, Uint, equals, to_key

SCALARS = st.one_of(
    st.sampled_from([True, False, None, 0, 1, 0.0, 1.0, -0.0, float("nan"), 2**53, float(2**53), 2**53 + 1, "", "1"]),
    st.sampled_from([Uint(0), Uint(1), b"", b"1", Timestamp(1), Duration(1), NONE, Optional(1), Optional([1])]),
    st.sampled_from([to_quantity("1k"), to_quantity("1000"), to_quantity("1")]),
)
KEYS = st.sampled_from([True, 1, 1.0, Uint(1), "1", False, 0]).map(to_key)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=5,
)
LISTS = st.lists(VALUES, max_size=6)


@given(VALUES, VALUES)
def test_what_stands_for_values_is_equal_when_they_are(left: Any, right: Any) -> None:
    assert (hashable(left) == hashable(right)) is equals(left, right)
    if equals(left, right):
        assert hash(hashable(left)) == hash(hashable(right))


@given(LISTS, LISTS)
def test_sets(left: list[Any], right: list[Any]) -> None:
    def has(items: list[Any], item: Any) -> bool:
        return any(equals(item, other) for other in items)

    assert contains(left, right) is all(has(left, item) for item in right)
    assert intersects(left, right) is any(has(right, item) for item in left)
    assert equivalent(left, right) is (contains(left, right) and contains(right, left))


@given(LISTS)
def test_distinct(items: list[Any]) -> None:
    expected: list[Any] = []
    for item in items:
        if not any(equals(item, other) for other in expected):
            expected.append(item)
    found = distinct(items)
    assert [id(item) for item in found] == [id(item) for item in expected]


@given(st.one_of(st.lists(st.integers()), st.lists(st.text(max_size=3)), st.lists(st.booleans())))
def test_sorting(items: list[Any]) -> None:
    assert sort(items) == sorted(items)
    assert is_sorted(sort(items))
    assert is_sorted(items) is (items == sorted(items))
    assert sort_by_keys(list(range(len(items))), items) == sorted(range(len(items)), key=items.__getitem__)


@given(SCALARS, SCALARS)
def test_order(left: Any, right: Any) -> None:
    order, reverse = compare(left, right), compare(right, left)
    assert order == (None if reverse is None else -reverse)
    assert order != 0 or equals(left, right)


@given(LISTS, VALUES)
def test_positions(items: list[Any], item: Any) -> None:
    position = index_of(items, item)
    assert position == -1 or equals(items[position], item)
    assert not any(equals(other, item) for other in (items[:position] if position >= 0 else items))


@given(st.recursive(st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=12).map(lambda item: [item]))
def test_flattening_leaves_no_lists(items: list[Any]) -> None:
    flat = flatten(items, 20)
    assert not any(isinstance(item, list) for item in flat)
    assert flatten(items, 0) == items
    assert flatten(flatten(items)) == flatten(items, 2)
