"""The cases of upstream's library (robfig/cron), DST and all, and a search minute by minute as the model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.batch.occurrences import next_time
from wherry.api.batch.schedule import parse_schedule
from wherry.api.batch.timezones import find_time_zone


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0/15 * * * *", "2012-07-09T14:45:00+00:00", "2012-07-09T15:00:00+00:00"),
        ("0/15 * * * *", "2012-07-09T14:59:59+00:00", "2012-07-09T15:00:00+00:00"),
        ("20-35/15 * * * *", "2012-07-09T15:45:00+00:00", "2012-07-09T16:20:00+00:00"),
        ("*/15 * * * *", "2012-07-09T23:46:00+00:00", "2012-07-10T00:00:00+00:00"),
        ("20-35/15 1/2 * * *", "2012-07-09T23:35:51+00:00", "2012-07-10T01:20:00+00:00"),
        ("20-35/15 10-12 * * *", "2012-07-09T23:35:51+00:00", "2012-07-10T10:20:00+00:00"),
        ("20-35/15 1/2 */2 * *", "2012-07-09T23:35:51+00:00", "2012-07-11T01:20:00+00:00"),
        ("20-35/15 * 9-20 * *", "2012-07-09T23:35:51+00:00", "2012-07-10T00:20:00+00:00"),
        ("20-35/15 * 9-20 JUL *", "2012-07-09T23:35:51+00:00", "2012-07-10T00:20:00+00:00"),
        ("0 0 9 Apr-Oct ?", "2012-07-09T23:35:00+00:00", "2012-08-09T00:00:00+00:00"),
        ("0 0 */5 Apr,Aug,Oct Mon", "2012-07-09T23:35:00+00:00", "2012-08-01T00:00:00+00:00"),
        ("0 0 */5 Oct Mon", "2012-07-09T23:35:00+00:00", "2012-10-01T00:00:00+00:00"),
        ("0 0 * Feb Mon", "2012-07-09T23:35:00+00:00", "2013-02-04T00:00:00+00:00"),
        ("0 0 * Feb Mon/2", "2012-07-09T23:35:00+00:00", "2013-02-01T00:00:00+00:00"),
        ("0 0 29 Feb ?", "2012-07-09T23:35:00+00:00", "2016-02-29T00:00:00+00:00"),
        ("* * * * *", "2012-12-31T23:59:45+00:00", "2013-01-01T00:00:00+00:00"),
        ("@every 90s", "2012-07-09T14:45:00.500000+00:00", "2012-07-09T14:46:30+00:00"),
        # New York: the clocks go forward at 2:00 on 11 March 2012, and back at 2:00 on 4 November.
        ("30 2 11 Mar ?", "2012-03-11T00:00:00-05:00", "2013-03-11T02:30:00-04:00"),
        ("0 * * * ?", "2012-03-11T01:00:00-05:00", "2012-03-11T03:00:00-04:00"),
        ("0 1 * * ?", "2012-03-11T00:00:00-05:00", "2012-03-11T01:00:00-05:00"),
        ("0 1 * * ?", "2012-03-11T01:00:00-05:00", "2012-03-12T01:00:00-04:00"),
        ("0 2 * * ?", "2012-03-11T00:00:00-05:00", "2012-03-12T02:00:00-04:00"),
        ("30 2 04 Nov ?", "2012-11-04T00:00:00-04:00", "2012-11-04T02:30:00-05:00"),
        ("45 1 04 Nov ?", "2012-11-04T01:45:00-04:00", "2012-11-04T01:45:00-05:00"),
        ("0 * * * ?", "2012-11-04T01:00:00-04:00", "2012-11-04T01:00:00-05:00"),
        ("0 * * * ?", "2012-11-04T01:00:00-05:00", "2012-11-04T02:00:00-05:00"),
        ("0 1 * * ?", "2012-11-04T01:00:00-04:00", "2012-11-04T01:00:00-05:00"),
        ("0 1 * * ?", "2012-11-04T01:00:00-05:00", "2012-11-05T01:00:00-05:00"),
        ("0 3 * * ?", "2012-11-04T03:00:00-05:00", "2012-11-05T03:00:00-05:00"),
    ],
)
def test_next(schedule: str, after: str, expected: str) -> None:
    zone = find_time_zone("America/New_York") if not after.endswith("+00:00") else UTC
    assert next_time(parse_schedule(schedule), at(after), zone) == at(expected)


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        # A day without midnight begins at one o'clock; one with two has both.
        ("America/Sao_Paulo", "2018-11-02T12:00:00-03:00", "2018-11-03T00:00:00-03:00"),
        ("America/Sao_Paulo", "2018-11-03T00:00:00-03:00", "2018-11-05T00:00:00-02:00"),
        ("America/Sao_Paulo", "2018-02-16T12:00:00-02:00", "2018-02-17T00:00:00-02:00"),
        ("America/Sao_Paulo", "2018-02-17T00:00:00-02:00", "2018-02-18T00:00:00-03:00"),
        ("Asia/Kolkata", "2024-05-05T01:00:00+05:30", "2024-05-06T00:00:00+05:30"),
    ],
)
def test_midnight(zone: str, after: str, expected: str) -> None:
    assert next_time(parse_schedule("0 0 * * *"), at(after), find_time_zone(zone)) == at(expected)


@pytest.mark.parametrize("schedule", ["0 0 30 Feb ?", "0 0 31 Apr ?", ", * * * *", "* , * * *"])
def test_never(schedule: str) -> None:
    assert next_time(parse_schedule(schedule), at("2012-07-09T23:35:00+00:00")) is None


FIELDS = st.tuples(
    st.sampled_from(["*", "*/7", "0", "5,59", "10-20/3"]),
    st.sampled_from(["*", "*/5", "0", "3,23"]),
    st.sampled_from(["*", "1", "*/9", "28"]),
    st.sampled_from(["*", "2", "1-3"]),
    st.sampled_from(["*", "0", "mon-fri"]),
)


@given(fields=FIELDS, start=st.integers(1_600_000_000, 1_800_000_000))
def test_nothing_is_passed_over(fields: tuple[str, ...], start: int) -> None:
    schedule = parse_schedule(" ".join(fields))
    found = next_time(schedule, start)
    assert found is not None
    assert found > start
    moment = datetime.fromtimestamp(start - start % 60 + 60, UTC)
    for _ in range(2000):
        matches = (
            moment.minute in schedule.minutes
            and moment.hour in schedule.hours
            and schedule.matches_day(moment.month, moment.day, moment.isoweekday() % 7)
        )
        if matches:
            assert found == moment.timestamp()
            return
        moment += timedelta(minutes=1)
    assert found >= moment.timestamp()
