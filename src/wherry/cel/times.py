"""The parts of timestamps and durations, and sums of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from wherry.cel.conversions import to_datetime
from wherry.cel.functions import Function, Overload
from wherry.cel.types import DURATION, INT, STRING, TIMESTAMP
from wherry.cel.values import SECOND, Duration, Timestamp, checked_duration, checked_timestamp, fail


def add_durations(left: Duration, right: Duration) -> Duration:
    return checked_duration(left.nanoseconds + right.nanoseconds)


def subtract_durations(left: Duration, right: Duration) -> Duration:
    return checked_duration(left.nanoseconds - right.nanoseconds)


def add_to_timestamp(left: Timestamp, right: Duration) -> Timestamp:
    return checked_timestamp(left.nanoseconds + right.nanoseconds, left.offset)


def add_to_duration(left: Duration, right: Timestamp) -> Timestamp:
    return checked_timestamp(left.nanoseconds + right.nanoseconds, right.offset)


def subtract_from_timestamp(left: Timestamp, right: Duration) -> Timestamp:
    return checked_timestamp(left.nanoseconds - right.nanoseconds, left.offset)


def subtract_timestamps(left: Timestamp, right: Timestamp) -> Duration:
    return checked_duration(left.nanoseconds - right.nanoseconds)


_OFFSET = re.compile(r"([+-]?[0-9]{1,4}):([+-]?[0-9]{1,4})")


def _moment(value: Timestamp, zone: str = "UTC") -> datetime:
    """A timestamp as a calendar and clock in a time zone shows it: a name, or an offset such as `-02:30`."""
    moment = to_datetime(value.nanoseconds // SECOND)
    if zone in ("UTC", ""):
        return moment
    try:
        if ":" not in zone:
            return moment.astimezone(ZoneInfo(zone))
        return (moment + _offset(zone)).replace(tzinfo=timezone(timedelta()))
    except (ValueError, KeyError, OSError):
        return fail(f"unknown time zone {zone}")
    except OverflowError:
        return fail("timestamp overflow")


def _offset(zone: str) -> timedelta:
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return fail(f'strconv.Atoi: parsing "{zone.partition(":")[0]}": invalid syntax')
    hours, minutes = int(match[1]), int(match[2])
    if not 0 <= minutes <= 59:
        fail(f"timezone offset minutes out of range [0, 59]: {zone}")
    return timedelta(hours=hours, minutes=-minutes if zone[0] == "-" else minutes)


def _milliseconds(value: Timestamp, zone: str = "UTC") -> int:
    return value.nanoseconds % SECOND // 1_000_000


def _part(take: Callable[[datetime], int]) -> Callable[..., int]:
    return lambda value, zone="UTC": take(_moment(value, zone))


def _whole(unit: int) -> Callable[[Duration], int]:
    """A duration in whole units, rounded towards zero."""

    def count(value: Duration) -> int:
        number = abs(value.nanoseconds) // unit
        return -number if value.nanoseconds < 0 else number

    return count


_WITH_ZONE = {"seconds": "timestamp_to_seconds_tz"}
"""What cel-go calls otherwise than one would expect."""


def _timestamp_part(name: str, id_: str, take: Callable[..., int]) -> Function:
    return Function(
        name,
        Overload(f"timestamp_to_{id_}", (TIMESTAMP,), INT, take, is_member=True),
        Overload(_WITH_ZONE.get(id_, f"timestamp_to_{id_}_with_tz"), (TIMESTAMP, STRING), INT, take, is_member=True),
    )


def _shared_part(name: str, id_: str, take: Callable[..., int], unit: int) -> Function:
    own = Overload(f"duration_to_{id_}", (DURATION,), INT, _whole(unit), is_member=True)
    return Function(name, *_timestamp_part(name, id_, take).overloads, own)


PARTS = (
    _timestamp_part("getFullYear", "year", _part(lambda moment: moment.year)),
    _timestamp_part("getMonth", "month", _part(lambda moment: moment.month - 1)),
    _timestamp_part("getDayOfYear", "day_of_year", _part(lambda moment: moment.timetuple().tm_yday - 1)),
    _timestamp_part("getDayOfMonth", "day_of_month", _part(lambda moment: moment.day - 1)),
    _timestamp_part("getDate", "day_of_month_1_based", _part(lambda moment: moment.day)),
    _timestamp_part("getDayOfWeek", "day_of_week", _part(lambda moment: moment.isoweekday() % 7)),
    _shared_part("getHours", "hours", _part(lambda moment: moment.hour), 3600 * SECOND),
    _shared_part("getMinutes", "minutes", _part(lambda moment: moment.minute), 60 * SECOND),
    _shared_part("getSeconds", "seconds", _part(lambda moment: moment.second), SECOND),
    _shared_part("getMilliseconds", "milliseconds", _milliseconds, 1_000_000),
)
