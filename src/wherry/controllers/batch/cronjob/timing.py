"""Which time is due, and when to look again. Pure."""

from __future__ import annotations

from datetime import UTC, tzinfo
from enum import Enum
from functools import lru_cache

from msgspec import Struct

from wherry.api.batch.occurrences import next_time
from wherry.api.batch.schedule import Schedule, parse_schedule, zone_of
from wherry.api.batch.timezones import find_time_zone
from wherry.api.types.batch_v1 import CronJob

MANY = 100
"""Beyond so many missed times a warning is given."""
LEEWAY = 0.1
"""Looked at again so much after a time is due, lest a clock that is a little slow finds it too early."""
_NEVER = -62_135_596_800
"""Go's zero time, which stands for a match that there is not."""


class Missed(Enum):
    """How many times have passed unused."""

    NONE = "none"
    FEW = "few"
    MANY = "many"


class Timetable(Struct, frozen=True):
    """A schedule and the time zone it is meant in."""

    schedule: Schedule
    zone: tzinfo

    def next(self, after: float) -> int:
        found = next_time(self.schedule, after, self.zone)
        return _NEVER if found is None else found


class Due(Struct, frozen=True):
    """What has been due: since when it was looked for, the latest time, and how many were missed."""

    since: float
    latest: float | None
    missed: Missed


def timetable_of(cron_job: CronJob) -> Timetable:
    """Raises ValueError when the schedule or its time zone makes no sense."""
    return _timetable(cron_job.spec.schedule, cron_job.spec.time_zone or "")


@lru_cache(maxsize=512)
def _timetable(text: str, zone: str) -> Timetable:
    schedule = parse_schedule(text)
    if "TZ" in text:
        zone = zone_of(text)
    return Timetable(schedule, find_time_zone(zone) if zone else UTC)


def due(cron_job: CronJob, last: float | None, timetable: Timetable, now: float, *, deadline: bool = True) -> Due:
    """The latest time due after `last` (or the creation). `deadline`: none that is too late to be started.

    How many were missed is an estimate by the distance of the first two. Raises ValueError for a schedule that never
    matches.
    """
    since = last if last is not None else _created(cron_job)
    seconds = cron_job.spec.starting_deadline_seconds
    if deadline and seconds is not None:
        since = max(since, now - seconds)
    first = timetable.next(since)
    if now < first:
        return Due(since, None, Missed.NONE)
    second = timetable.next(first)
    if now < second:
        return Due(since, first, Missed.NONE)
    distance = second - first
    if distance < 1:
        raise ValueError("time difference between two schedules is less than 1 second")
    count = int(now - first) // distance + 1
    latest: float | None = None
    at = timetable.next(first + (count - 2) * distance)
    while _NEVER < at <= now:
        latest = at
        at = timetable.next(at)
    return Due(since, latest, Missed.MANY if count > MANY else Missed.FEW)


def next_look(cron_job: CronJob, last: float | None, timetable: Timetable, now: float) -> float:
    """Seconds until the next time is due."""
    try:
        found = due(cron_job, last, timetable, now, deadline=False)
    except ValueError:
        return timetable.next(now) + LEEWAY - now
    if found.latest is not None:
        base = found.latest
    else:
        base = found.since if found.missed is Missed.NONE else now
    return timetable.next(base) + LEEWAY - now


def _created(cron_job: CronJob) -> float:
    created = cron_job.metadata.creation_timestamp
    return created.timestamp() if created is not None else 0.0
