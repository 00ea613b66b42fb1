"""Durations of Go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.goduration import format_go_duration, parse_go_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90s", 90), ("1h30m", 5400), ("1.5h", 5400), (".5m", 30), ("-20ms", -0.02), ("+1s", 1), ("1µs", 1e-6)],
)
def test_good_ones(text: str, seconds: float) -> None:
    assert parse_go_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("soon", 'time: invalid duration "soon"'),
        ("5", 'time: missing unit in duration "5"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("9999999999h", 'time: invalid duration "9999999999h"'),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_go_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (10, "10s"),
        (1.5, "1.5s"),
        (90, "1m30s"),
        (900, "15m0s"),
        (5400, "1h30m0s"),
        (0.02, "20ms"),
        (-0.0015, "-1.5ms"),
        (2.5e-6, "2.5µs"),
        (3e-9, "3ns"),
    ],
)
def test_printed(seconds: float, text: str) -> None:
    assert format_go_duration(seconds) == text


@given(st.integers(-(10**15), 10**15))
def test_what_is_printed_is_read_as_the_same(nanoseconds: int) -> None:
    assert parse_go_duration(format_go_duration(nanoseconds / 1e9)) == pytest.approx(nanoseconds / 1e9)
