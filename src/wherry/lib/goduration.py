"""Durations as Go writes them: `1h30m`, `1.5s`, `-20ms`."""

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
