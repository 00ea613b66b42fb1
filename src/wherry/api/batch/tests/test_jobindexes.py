"""Short forms of sets of indexes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.batch.jobindexes import count_indexes, first_overlap


def _text(indexes: set[int]) -> str:
    """The short form, runs joined."""
    parts: list[list[int]] = []
    for index in sorted(indexes):
        if parts and parts[-1][-1] == index - 1:
            parts[-1].append(index)
        else:
            parts.append([index])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in parts)


@given(st.sets(st.integers(0, 40)))
def test_indexes_are_counted(indexes: set[int]) -> None:
    assert count_indexes(_text(indexes), 41) == len(indexes)


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_the_first_index_in_both_is_found(ones: set[int], others: set[int]) -> None:
    assert first_overlap(_text(ones), _text(others), 41) == min(ones & others, default=None)


def test_what_cannot_be_read_overlaps_nothing() -> None:
    assert first_overlap("x,1", "0,1", 5) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", 'cannot convert string to integer for index: "x"'),
        ("5", 'too large index: "5"'),
        ("1-5", 'too large index: "5"'),
        ("2-1", "non-increasing order, previous: 2, current: 1"),
        ("3,3", "non-increasing order, previous: 3, current: 3"),
        ("1-2-3", "at most two parts separated by '-'"),
        ("1,,2", 'cannot convert string to integer for index: ""'),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        count_indexes(text, 5)
