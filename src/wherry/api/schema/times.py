"""Times in their canonical form: UTC, whole seconds (`metav1.Time`) or six decimals (`metav1.MicroTime`)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

_LAYOUT = '"2006-01-02T15:04:05Z07:00"'
_MICRO_LAYOUT = '"2006-01-02T15:04:05.000000Z07:00"'
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)")
_NAMES = ("2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05")


def canonical_time(text: str) -> str:
    """As upstream would write it back; raises ValueError in Go's words."""
    return _parse(text, _LAYOUT).isoformat(timespec="seconds") + "Z"


def canonical_micro_time(text: str) -> str:
    """As upstream would write it back; raises ValueError in Go's words."""
    return _parse(text, _MICRO_LAYOUT).isoformat(timespec="microseconds") + "Z"


def _parse(text: str, layout: str) -> datetime:
    """The moment in UTC, naive."""
    if _RFC3339.fullmatch(text) is None:
        raise ValueError(_explain(text, layout))
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError(f"parsing time {json.dumps(text)}: {_out_of_range(text)} out of range") from None


def _explain(text: str, layout: str) -> str:
    """Go names the first element of the layout that it could not find, and what was left of the text."""
    rest, wanted = text, "Z07:00"
    for name in _NAMES:
        step = re.match(rf"\d{{{len(name)}}}" if name.isdigit() else re.escape(name), rest)
        if step is None:
            wanted = name
            break
        rest = rest[step.end() :]
    return f"parsing time {json.dumps(text)} as {layout}: cannot parse {json.dumps(rest)} as {json.dumps(wanted)}"


def _out_of_range(text: str) -> str:
    year, month, hour, minute, second = (int(text[a:b]) for a, b in ((0, 4), (5, 7), (11, 13), (14, 16), (17, 19)))
    for value, low, high, name in ((month, 1, 12, "month"), (hour, 0, 23, "hour"), (minute, 0, 59, "minute")):
        if not low <= value <= high:
            return name
    return "second" if second > 59 else "day" if year else "year"
