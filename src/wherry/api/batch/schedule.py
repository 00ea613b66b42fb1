"""Schedules of CronJobs: five fields (minute, hour, day of month, month, day of week) or `@hourly` and the like.

Parsed into sets of the numbers that match, which is what both validation and the controller need.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: n for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ns|us|ms|s|m|h)")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes that match. `every` (seconds) stands instead of them for `@every 1h30m`.

    A day matches when both the day of the month and that of the week do; when both are restricted, either is enough.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True
    every: float = 0.0

    def matches_day(self, month: int, day: int, weekday: int) -> bool:
        """`weekday` counts from Sunday, 0."""
        if month not in self.months:
            return False
        of_month, of_week = day in self.days, weekday in self.weekdays
        return of_month and of_week if self.any_day or self.any_weekday else of_month or of_week


def parse_schedule(text: str) -> Schedule:
    """Read a schedule; raises ValueError that says what is wrong."""
    if text.startswith("@every "):
        return Schedule(every=_parse_duration(text.removeprefix("@every ")))
    if text.startswith("@") and text not in _MACROS:
        raise ValueError(f"unrecognized descriptor: {text}")
    fields = _MACROS.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = fields
    return Schedule(
        minutes=_parse_field(minutes, 0, 59),
        hours=_parse_field(hours, 0, 23),
        days=_parse_field(days, 1, 31),
        months=_parse_field(months, 1, 12, _MONTHS),
        weekdays=_parse_field(weekdays, 0, 6, _DAYS),
        any_day=_is_any(days),
        any_weekday=_is_any(weekdays),
    )


def _is_any(field: str) -> bool:
    return any(part.split("/")[0] in ("*", "?") for part in field.split(","))


def _parse_field(field: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        found.update(_parse_range(part, low, high, names or {}))
    return frozenset(found)


def _parse_range(part: str, low: int, high: int, names: dict[str, int]) -> range:
    span, slash, step_text = part.partition("/")
    first, dash, last = span.partition("-")
    step = _parse_number(step_text, {}) if slash else 1
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = _parse_number(first, names)
        end = _parse_number(last, names) if dash else high if slash else start
    if start < low:
        raise ValueError(f"beginning of range ({start}) below minimum ({low}): {part}")
    if end > high:
        raise ValueError(f"end of range ({end}) above maximum ({high}): {part}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {part}")
    return range(start, end + 1, step)


def _parse_number(text: str, names: dict[str, int]) -> int:
    if (known := names.get(text.lower())) is not None:
        return known
    if not text.isdecimal():
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _parse_duration(text: str) -> float:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'failed to parse duration @every {text}: time: invalid duration "{text}"')
    return max(1.0, float(int(sum(float(number) * _UNITS[unit] for number, unit in parts))))
