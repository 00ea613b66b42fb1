from __future__ import annotations

import math

import pytest

from wherry.testing.leaping import Course, landings

CALM = math.inf


@pytest.mark.parametrize(
    ("courses", "timer", "end", "moments"),
    [
        pytest.param([], 5.0, 9.0, [], id="nobody beats"),
        pytest.param([Course(10, 10, CALM)], math.inf, 65, [60], id="the last before the end"),
        pytest.param([Course(10, 10, CALM)], math.inf, 60, [60], id="one at the very end counts"),
        pytest.param([Course(10, 10, CALM)], 25, 60, [20], id="the last before a timer"),
        pytest.param([Course(10, 10, CALM)], 30, 60, [30], id="a beat comes before a timer of its moment"),
        pytest.param([Course(10, 10, CALM)], 4, 60, [10], id="a timer comes first: nothing to leave out"),
        pytest.param([Course(10, 10, 35)], math.inf, 60, [40], id="the first that is not quiet"),
        pytest.param([Course(10, 10, 35)], math.inf, 36, [30], id="not quiet only after the end"),
        pytest.param([Course(10, 10, 10)], math.inf, 60, [10], id="not quiet at once"),
        pytest.param([Course(1, 10, CALM), Course(2, 10, 35)], math.inf, 60, [41, 42], id="others wait for a loud one"),
        pytest.param([Course(2, 10, 35), Course(2, 10, 35)], math.inf, 60, [42, 32], id="only one may be the first"),
        pytest.param([Course(1, 10, CALM), Course(3, 7, CALM)], math.inf, 60, [51, 59], id="each by its own period"),
    ],
)
def test_of_a_row_of_quiet_beats_the_last_is_enough(
    courses: list[Course], timer: float, end: float, moments: list[float]
) -> None:
    assert landings(courses, timer, end) == moments
