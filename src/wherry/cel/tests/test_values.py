"""Equality of values, and keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.values import NONE, Duration, Optional, Timestamp, Uint, equals, from_key, to_key

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.integers(0, 2).map(Uint),
    st.sampled_from([0.0, 1.0, 1.5]),
    st.text(max_size=1),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner)),
    max_leaves=8,
)


def _normal(value: Any) -> Any:
    """Equal for what is equal, by Python's equality."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, list):
        return ("list", *map(_normal, value))
    if isinstance(value, dict):
        return ("map", frozenset((key, _normal(item)) for key, item in value.items()))
    return ("number", float(value))


@given(VALUES, VALUES)
def test_equality_knows_bools_from_numbers(left: Any, right: Any) -> None:
    assert equals(left, right) is (_normal(left) == _normal(right))
    assert equals(left, left)


@pytest.mark.parametrize(
    ("left", "right", "is_equal"),
    [
        (float("nan"), float("nan"), False),
        ([float("nan")], [float("nan")], False),
        (2**53 + 1, float(2**53), True),  # as doubles, as cel-go compares them
        (2**53 + 1, Uint(2**53), False),
        (Timestamp(1), Duration(1), False),
        (Optional(True), Optional(1), False),
        (Optional([1]), Optional([1.0]), True),
        (NONE, Optional(), True),
        (NONE, None, False),
        (b"a", "a", False),
    ],
)
def test_equality(left: Any, right: Any, is_equal: bool) -> None:
    assert equals(left, right) is is_equal


@given(st.one_of(st.booleans(), st.integers(), st.text()))
def test_keys_come_back(value: Any) -> None:
    back = from_key(to_key(value))
    assert back == value
    assert type(back) is type(value)


def test_true_is_another_key_than_one() -> None:
    assert len({to_key(True), to_key(1), to_key(False), to_key(0)}) == 4
