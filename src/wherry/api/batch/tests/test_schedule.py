"""Schedules of CronJobs."""

from __future__ import annotations

import pytest

from wherry.api.batch.schedule import parse_schedule


def test_fields() -> None:
    schedule = parse_schedule("*/15 0-6/3,22 1 jan-MAR mon")
    assert schedule.minutes == {0, 15, 30, 45}
    assert schedule.hours == {0, 3, 6, 22}
    assert schedule.months == {1, 2, 3}
    assert schedule.weekdays == {1}


@pytest.mark.parametrize(
    ("text", "month", "day", "weekday", "matches"),
    [
        ("0 0 * * *", 5, 5, 5, True),
        ("0 0 13 * *", 5, 13, 2, True),
        ("0 0 13 * *", 5, 14, 2, False),
        ("0 0 * * 5", 5, 14, 5, True),
        ("0 0 13 * 5", 5, 13, 2, True),
        ("0 0 13 * 5", 5, 20, 5, True),
        ("0 0 13 * 5", 5, 20, 4, False),
        ("0 0 * 6 *", 5, 20, 4, False),
        ("@monthly", 5, 1, 4, True),
    ],
)
def test_days(text: str, month: int, day: int, weekday: int, matches: bool) -> None:
    assert parse_schedule(text).matches_day(month, day, weekday) is matches


def test_intervals() -> None:
    assert parse_schedule("@every 1h30m").every == 5400
    assert parse_schedule("@every 1ms").every == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("* * * *", "expected exactly 5 fields, found 4"),
        ("60 * * * *", "above maximum"),
        ("* * 0 * *", "below minimum"),
        ("5-1 * * * *", "beyond end of range"),
        ("*/0 * * * *", "step of range should be a positive number"),
        ("x * * * *", "failed to parse int from x"),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
        ("@every soon", "failed to parse duration @every soon"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_schedule(text)
