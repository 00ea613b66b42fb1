from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.controllers.batch.job.indexes import first_free, format_set, parse_set


@pytest.mark.parametrize(
    ("indexes", "text"),
    [
        (set(), ""),
        ({0}, "0"),
        ({0, 1}, "0,1"),
        ({0, 1, 2}, "0-2"),
        ({1, 3, 4, 5, 7}, "1,3-5,7"),
        ({0, 1, 3, 4}, "0,1,3,4"),
    ],
)
def test_text_form(indexes: set[int], text: str) -> None:
    assert format_set(indexes) == text
    assert parse_set(text, 10) == indexes


@given(st.sets(st.integers(0, 60)))
def test_round_trip(indexes: set[int]) -> None:
    assert parse_set(format_set(indexes), 61) == indexes


def test_indexes_beyond_the_completions_are_dropped() -> None:
    assert parse_set("0-9,12", 5) == {0, 1, 2, 3, 4}
    assert parse_set(None, 5) == set()


def test_the_lowest_free_ones_come_first() -> None:
    assert first_free(2, 5, {0, 2}) == [1, 3]
    assert first_free(9, 3, ()) == [0, 1, 2]
