"""Durations as Go writes them: `1h30m0s`, `1.5s`, `-20ms`."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TERM = re.compile(r"(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<unit>[^0-9.]*)")
_LONGEST = 2**63 / 1e9


def parse_go_duration(text: str) -> float:
    """The seconds of a duration; raises ValueError in the words of Go's library."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned == "0":
        return 0.0
    wrong = ValueError(f'time: invalid duration "{text}"')
    if not unsigned:
        raise wrong
    seconds, at = 0.0, 0
    while at < len(unsigned):
        term = _TERM.match(unsigned, at)
        if term is None:
            raise wrong
        if not term["unit"]:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if term["unit"] not in _UNITS:
            raise ValueError(f'time: unknown unit "{term["unit"]}" in duration "{text}"')
        seconds += float(term["number"]) * _UNITS[term["unit"]]
        at = term.end()
    if seconds > _LONGEST:
        raise wrong
    return -seconds if text[0] == "-" else seconds


def format_go_duration(seconds: float) -> str:
    """As Go prints it: `1h30m0s`, `1.5s`, `20ms`."""
    left = round(abs(seconds) * 1e9)
    sign = "-" if seconds < 0 and left else ""
    if left < 1_000_000_000:
        return sign + _below_a_second(left)
    minutes, left = divmod(left, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(left, 9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else sign + text


def _below_a_second(nanoseconds: int) -> str:
    if not nanoseconds:
        return "0s"
    for digits, unit in ((6, "ms"), (3, "\u00b5s")):
        if nanoseconds >= 10**digits:
            return _decimal(nanoseconds, digits) + unit
    return f"{nanoseconds}ns"


def _decimal(number: int, digits: int) -> str:
    """A number of the smallest units, in units of ten to the `digits`."""
    whole, rest = divmod(number, 10**digits)
    return f"{whole}.{rest:0{digits}}".rstrip("0") if rest else str(whole)
