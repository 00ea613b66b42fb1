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
        # A star with a step restricts the day, so that either day is enough.
        ("0 0 */2 * 5", 5, 2, 5, True),
        ("0 0 */2 * 5", 5, 3, 1, True),
        ("0 0 */1 * 5", 5, 3, 1, False),
        ("0 0 , * 5", 5, 3, 5, True),
    ],
)
def test_days(text: str, month: int, day: int, weekday: int, matches: bool) -> None:
    assert parse_schedule(text).matches_day(month, day, weekday) is matches


def test_intervals() -> None:
    assert parse_schedule("@every 1h30m").every == 5400
    assert parse_schedule("@every 1ms").every == 1
    assert parse_schedule("@every -5m").every == 1
    assert parse_schedule("@every 90500ms").every == 90


def test_a_number_with_a_step_runs_to_the_end() -> None:
    schedule = parse_schedule("50/5 +1,,2 * * *")
    assert schedule.minutes == {50, 55}
    assert schedule.hours == {1, 2}


def test_a_time_zone_in_front_is_passed_over() -> None:
    assert parse_schedule("CRON_TZ=Europe/Berlin  0 3 * * *").hours == {3}


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
        ("@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'),
        ("", "empty spec string"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("1/-3 * * * *", r"negative number \(-3\) not allowed: -3"),
        ("TZ=Mars/Base 0 3 * * *", "provided bad location Mars/Base: unknown time zone Mars/Base"),
        ("TZ=UTC", r"invalid schedule format: runtime error: slice bounds out of range \[3:-1\]"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_schedule(text)
