"""Time zones by name, from the tz database: that of the system, or else the one of the `tzdata` package."""

from __future__ import annotations

from datetime import tzinfo


def find_time_zone(name: str) -> tzinfo:
    """The zone; raises ValueError in the words of Go's library when there is none of this name."""
    from zoneinfo import ZoneInfo  # the first zone brings 2 ms of imports that most servers never need

    if name in ("", "UTC"):
        return ZoneInfo("UTC")
    if ".." in name or name[0] in "/\\" or "\\" in name:
        raise ValueError("time: invalid location name")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"unknown time zone {name}") from None
