"""When a schedule matches next, in a time zone.

The search goes through the units from the largest down, as the library that upstream uses (robfig/cron) does, and like
it adds days on the calendar but hours and minutes to the instant. What a change of the clocks does follows from that:
an hour that is skipped has no matches, one that comes twice has each of them twice when the schedule names every hour,
and a day that has no midnight begins at one o'clock.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache

from wherry.api.batch.schedule import Schedule

_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400
_YEARS = 5
"""How far to look: the 29th of February comes within these, the 30th never."""


def next_time(schedule: Schedule, after: float, zone: tzinfo = UTC) -> int | None:
    """The first match later than `after`, both in seconds since the epoch; None when there is none for years."""
    return _next(schedule, math.floor(after), zone)


@lru_cache(maxsize=1024)
def _next(schedule: Schedule, after: int, zone: tzinfo) -> int | None:
    if schedule.every:
        return after + int(schedule.every)
    if not (schedule.minutes and schedule.hours):
        return None
    return _Search(schedule, zone, after + 1).run()


class _Search:
    """Goes forward in time until every unit matches; `_is_cut` says that the smaller units have been set to zero."""

    def __init__(self, schedule: Schedule, zone: tzinfo, start: int) -> None:
        self._schedule = schedule
        self._zone = zone
        self._is_cut = False
        self._move(start)
        self._last_year = self._local.year + _YEARS

    def run(self) -> int | None:
        while self._local.year <= self._last_year:
            if (
                self._find_month()
                and self._find_day()
                and self._find_hour()
                and self._find_minute()
                and self._find_second()
            ):
                return self._now
        return None

    def _find_month(self) -> bool:
        """False when the search went on into another year, and has to begin again (so with the other units)."""
        while self._local.month not in self._schedule.months:
            self._cut_to(date(self._local.year, self._local.month, 1).toordinal(), 0)
            year, month = divmod(self._local.year * 12 + self._local.month, 12)
            self._move(self._instant(date(year, month + 1, self._local.day).toordinal(), self._seconds()))
            if self._local.month == 1:
                return False
        return True

    def _find_day(self) -> bool:
        while not self._schedule.matches_day(self._local.month, self._local.day, self._local.isoweekday() % 7):
            self._cut_to(self._local.toordinal(), 0)
            self._move(self._instant(self._local.toordinal() + 1, self._seconds()))
            if hour := self._local.hour:  # there is no midnight here, or it was skipped
                self._move(self._now + (24 - hour if hour > 12 else -hour) * 3600)
            if self._local.day == 1:
                return False
        return True

    def _find_hour(self) -> bool:
        while self._local.hour not in self._schedule.hours:
            self._cut_to(self._local.toordinal(), self._local.hour * 3600)
            self._move(self._now + 3600)
            if self._local.hour == 0:
                return False
        return True

    def _find_minute(self) -> bool:
        while (minute := self._local.minute) not in self._schedule.minutes:
            if not self._is_cut:
                self._is_cut = True
                self._move(self._now - self._now % 60)
            ahead = min((one - minute for one in self._schedule.minutes if one > minute), default=60 - minute)
            offset = self._local.utcoffset()
            self._move(self._now + ahead * 60)
            if self._local.utcoffset() != offset:  # the clocks changed on the way: minute by minute, then
                self._move(self._now - (ahead - 1) * 60)
            if self._local.minute == 0:
                return False
        return True

    def _find_second(self) -> bool:
        if self._local.second == 0:
            return True
        self._is_cut = True
        self._move(self._now + 60 - self._local.second)
        return False

    def _cut_to(self, day: int, seconds: int) -> None:
        if not self._is_cut:
            self._is_cut = True
            self._move(self._instant(day, seconds))

    def _move(self, instant: int) -> None:
        self._now = instant
        self._local = datetime.fromtimestamp(instant, self._zone)

    def _seconds(self) -> int:
        return self._local.hour * 3600 + self._local.minute * 60 + self._local.second

    def _instant(self, day: int, seconds: int) -> int:
        """The instant of a local time; one that is skipped goes by the offset that Go would take for it."""
        local = (day - _EPOCH) * _DAY + seconds
        guess = local - self._offset(local)
        return local - self._offset(guess)

    def _offset(self, instant: int) -> int:
        offset = datetime.fromtimestamp(instant, self._zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())
