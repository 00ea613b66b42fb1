from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.controllers.core.nodettl.plan import seconds, step


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [(0, 0), (100, 0), (101, 15), (500, 15), (501, 30), (1001, 60), (2001, 300), (10001, 600), (60000, 600)],
)
def test_seconds_of_a_growing_cluster(nodes: int, wanted: int) -> None:
    assert seconds(step(nodes)) == wanted


def test_shrinking_a_little_changes_nothing() -> None:
    assert seconds(step(95, step(101))) == 15
    assert seconds(step(89, step(101))) == 0


@given(st.lists(st.integers(0, 20_000), max_size=20))
def test_where_it_is_it_stays(sizes: list[int]) -> None:
    current = 0
    for size in sizes:
        current = step(size, current)
        assert step(size, current) == current
