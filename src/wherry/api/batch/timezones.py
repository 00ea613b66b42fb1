"""Time zones by name, from the tz database: that of the system, or else the one of the `tzdata` package."""

from __future__ import annotations

from zoneinfo import ZoneInfo


def find_time_zone(name: str) -> ZoneInfo:
    """The zone; raises ValueError in the words of Go's library when there is none of this name."""
    if name in ("", "UTC"):
        return ZoneInfo("UTC")
    if ".." in name or name[0] in "/\\" or "\\" in name:
        raise ValueError("time: invalid location name")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"unknown time zone {name}") from None
