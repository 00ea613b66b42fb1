from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from wherry.api.types.batch_v1 import CronJob
from wherry.api.types.decoding import convert
from wherry.controllers.batch.cronjob.timing import Missed, due, next_look, timetable_of


def at(clock: str) -> float:
    """A time of the first of January 2024, or of another day if it says so: `2+10:30`."""
    day, _, time = clock.rpartition("+")
    hour, minute = time.split(":")
    return datetime(2024, 1, int(day or 1), int(hour), int(minute), tzinfo=UTC).timestamp()


def cron_job(schedule: str, created: str = "9:00", **spec: Any) -> CronJob:
    stamp = datetime.fromtimestamp(at(created), UTC).isoformat()
    metadata = {"name": "c", "namespace": "default", "uid": "u", "creationTimestamp": stamp}
    return convert(CronJob, {"metadata": metadata, "spec": {"schedule": schedule, "jobTemplate": {}, **spec}})


@pytest.mark.parametrize(
    ("schedule", "last", "now", "spec", "latest", "missed"),
    [
        ("0 * * * *", None, "9:30", {}, None, Missed.NONE),
        ("0 * * * *", None, "10:00", {}, "10:00", Missed.NONE),
        ("0 * * * *", None, "10:59", {}, "10:00", Missed.NONE),
        ("0 * * * *", None, "12:10", {}, "12:00", Missed.FEW),
        ("0 * * * *", "11:00", "12:10", {}, "12:00", Missed.NONE),
        ("0 * * * *", "12:00", "12:10", {}, None, Missed.NONE),
        ("0 * * * *", None, "7+12:10", {}, "7+12:00", Missed.MANY),
        ("0 * * * *", None, "7+12:10", {"startingDeadlineSeconds": 3600}, "7+12:00", Missed.NONE),
        ("0 * * * *", None, "12:10", {"startingDeadlineSeconds": 60}, None, Missed.NONE),
        ("@every 1h", None, "12:10", {}, "12:00", Missed.FEW),
        ("@every 1h", "9:20", "12:30", {}, "12:20", Missed.FEW),
        # Not evenly spread: what the first two are apart is not what all are.
        ("30 6-16/4 * * 1-5", "6:30", "9+12:00", {}, "9+10:30", Missed.FEW),
        ("0 0 1 * *", None, "31+0:00", {}, None, Missed.NONE),
        ("0 12 * * *", None, "13:00", {"timeZone": "America/New_York"}, None, Missed.NONE),
        ("0 12 * * *", None, "17:00", {"timeZone": "America/New_York"}, "17:00", Missed.NONE),
        ("TZ=America/New_York 0 12 * * *", None, "17:00", {}, "17:00", Missed.NONE),
    ],
)
def test_due(
    schedule: str, last: str | None, now: str, spec: dict[str, Any], latest: str | None, missed: Missed
) -> None:
    owner = cron_job(schedule, **spec)
    found = due(owner, at(last) if last else None, timetable_of(owner), at(now))
    assert found.latest == (at(latest) if latest else None)
    assert found.missed is missed


@pytest.mark.parametrize(
    ("schedule", "last", "now", "expected"),
    [
        ("0 * * * *", None, "9:30", "10:00"),
        ("0 * * * *", "10:00", "10:00", "11:00"),
        ("0 * * * *", None, "12:10", "13:00"),
        ("@every 1h", "9:20", "12:30", "13:20"),
        ("30 6-16/4 * * 1-5", "6:30", "5+15:00", "8+6:30"),
    ],
)
def test_next_look(schedule: str, last: str | None, now: str, expected: str) -> None:
    owner = cron_job(schedule)
    wait = next_look(owner, at(last) if last else None, timetable_of(owner), at(now))
    assert wait == pytest.approx(at(expected) - at(now) + 0.1)


def test_what_never_matches_is_an_error() -> None:
    owner = cron_job("59 23 31 2 *")
    with pytest.raises(ValueError, match="time difference between two schedules is less than 1 second"):
        due(owner, None, timetable_of(owner), at("10:00"))
