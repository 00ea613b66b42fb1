from __future__ import annotations

import pytest

from wherry.providers.simulated.behaviour import ContainerBehaviour
from wherry.providers.simulated.writing import Run, count, first_since, lines, moment

TICKING = ContainerBehaviour(log=("hello from {pod}/{container}", "tick {line}"), log_seconds=2.0)
RUN = Run("web", "main", 1_700_000_000.0, None)


@pytest.mark.parametrize(("age", "lines_then"), [(-1, 0), (0, 1), (1.9, 1), (2, 2), (20, 11)])
def test_a_line_comes_at_its_moment(age: float, lines_then: int) -> None:
    assert count(TICKING, RUN, RUN.started + age) == lines_then
    if lines_then:
        assert moment(TICKING, RUN, lines_then - 1) <= RUN.started + age


def test_nothing_is_written_after_the_end() -> None:
    assert count(TICKING, Run("web", "main", 100.0, 105.0), 1000.0) == 3


def test_what_lines_say() -> None:
    assert list(lines(TICKING, RUN, 0, 1)) == [b"2023-11-14T22:13:20.000000000Z stdout F hello from web/main\n"]
    assert list(lines(TICKING, RUN, 7, 8)) == [b"2023-11-14T22:13:34.000000000Z stdout F tick 8\n"]


@pytest.mark.parametrize(("since", "first"), [(-5, 0), (0, 0), (1, 1), (2, 1), (3, 2)])
def test_the_first_line_since_a_moment(since: float, first: int) -> None:
    assert first_since(TICKING, RUN, RUN.started + since) == first


def test_all_at_once() -> None:
    whole = ContainerBehaviour(log=("a", "b"))
    assert count(whole, RUN, RUN.started) == 2
    assert [first_since(whole, RUN, RUN.started + since) for since in (-1, 0, 1)] == [0, 0, 2]
