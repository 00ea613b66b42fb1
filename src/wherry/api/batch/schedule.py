"""Schedules of CronJobs: five fields (minute, hour, day of month, month, day of week) or `@hourly` and the like.

Parsed into sets of the numbers that match, which is what both validation and the controller need (`occurrences.py`
looks for the next match). Grammar and messages are those of the library that upstream uses (robfig/cron), oddities
included: empty parts of a list are nothing, a number with a step runs to the end (`5/15`), and a step makes a star
count as a restriction of the day.
"""

from __future__ import annotations

import re

from msgspec import Struct

from wherry.api.batch.timezones import find_time_zone
from wherry.lib.goduration import parse_go_duration

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
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")


class Schedule(Struct, frozen=True):
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
    if not text:
        raise ValueError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        text = _without_zone(text)
    if text.startswith("@"):
        return _parse_descriptor(text)
    return _parse_fields(text)


def zone_of(text: str) -> str:
    """The time zone that a schedule (already found good) itself begins with; "" for the usual one, which does not."""
    return text.partition("=")[2].partition(" ")[0] if text.startswith(("TZ=", "CRON_TZ=")) else ""


def _without_zone(text: str) -> str:
    """A schedule may begin with its time zone; the API refuses that, but its reasons come after those of the parser."""
    zone, space, rest = text.partition("=")[2].partition(" ")
    if not space:
        begin = text.index("=") + 1
        raise ValueError(f"invalid schedule format: runtime error: slice bounds out of range [{begin}:-1]")
    try:
        find_time_zone(zone)
    except ValueError as error:
        raise ValueError(f"provided bad location {zone}: {error}") from None
    return rest.strip()


def _parse_descriptor(text: str) -> Schedule:
    if text in _MACROS:
        return _parse_fields(_MACROS[text])
    if not text.startswith("@every "):
        raise ValueError(f"unrecognized descriptor: {text}")
    try:
        seconds = parse_go_duration(text.removeprefix("@every "))
    except ValueError as error:
        raise ValueError(f"failed to parse duration {text}: {error}") from None
    return Schedule(every=max(1.0, float(int(seconds))))


def _parse_fields(text: str) -> Schedule:
    fields = text.split()
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


def _parts(field: str) -> list[str]:
    return [part for part in field.split(",") if part]


def _is_any(field: str) -> bool:
    """Whether a star stands in the list, unless with a step of more than one."""
    spans = (part.partition("/") for part in _parts(field))
    return any(span.split("-")[0] in ("*", "?") and (not step or int(step) <= 1) for span, _, step in spans)


def _parse_field(field: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in _parts(field):
        found.update(_parse_range(part, low, high, names or {}))
    return frozenset(found)


def _parse_range(part: str, low: int, high: int, names: dict[str, int]) -> range:
    span, *steps = part.split("/")
    start, end = _parse_span(part, span.split("-"), low, high, names)
    step = 1
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {part}")
    if steps:
        step = _parse_number(steps[0], {})
        end = end if "-" in span else high
    if start < low:
        raise ValueError(f"beginning of range ({start}) below minimum ({low}): {part}")
    if end > high:
        raise ValueError(f"end of range ({end}) above maximum ({high}): {part}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {part}")
    return range(start, end + 1, step)


def _parse_span(part: str, bounds: list[str], low: int, high: int, names: dict[str, int]) -> tuple[int, int]:
    if bounds[0] in ("*", "?"):
        return low, high
    start = _parse_number(bounds[0], names)
    if len(bounds) > 2:
        raise ValueError(f"too many hyphens: {part}")
    return start, _parse_number(bounds[1], names) if len(bounds) == 2 else start


def _parse_number(text: str, names: dict[str, int]) -> int:
    if (known := names.get(text.lower())) is not None:
        return known
    if not _INTEGER.match(text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if (number := int(text)) < 0:
        raise ValueError(f"negative number ({number}) not allowed: {text}")
    if number >= 2**63:
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": value out of range')
    return number
