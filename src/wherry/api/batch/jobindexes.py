"""Sets of a Job's indexes in the short form of `succeededIndexes` and `completedIndexes`: `1,3-5,7`."""

from __future__ import annotations

import json
import re

_INTEGER = re.compile(r"[+-]?[0-9]+\Z")


def count_indexes(text: str, completions: int) -> int:
    """How many indexes are named; raises ValueError that says what is wrong."""
    if not text:
        return 0
    total, last = 0, -1
    for number, interval in enumerate(text.split(",")):
        first, end = parse_interval(interval, completions)
        if number and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total += end - first + 1
        last = end
    return total


def parse_interval(text: str, completions: int) -> tuple[int, int]:
    """The first and the last index of `3-5` or `7`; raises ValueError."""
    limits = text.split("-")
    if len(limits) > 2:
        raise ValueError(
            f"the fragment {json.dumps(text)} violates the requirement that an index interval can have at most "
            "two parts separated by '-'"
        )
    first = _parse_index(limits[0], completions)
    if len(limits) == 1:
        return first, first
    last = _parse_index(limits[1], completions)
    if first >= last:
        raise ValueError(f"non-increasing order, previous: {first}, current: {last}")
    return first, last


def _parse_index(text: str, completions: int) -> int:
    if not _INTEGER.match(text):
        raise ValueError(f"cannot convert string to integer for index: {json.dumps(text)}")
    if int(text) >= completions:
        raise ValueError(f"too large index: {json.dumps(text)}")
    return int(text)


def first_overlap(completed: str, failed: str, completions: int) -> int | None:
    """The first index that both sets name; intervals that are none are passed over."""
    ones, others = _intervals(completed, completions), _intervals(failed, completions)
    at = beside = 0
    while at < len(ones) and beside < len(others):
        (first, last), (start, end) = ones[at], others[beside]
        if first <= end and start <= last:
            return max(first, start)
        if first <= start:
            at += 1
        else:
            beside += 1
    return None


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    found = []
    for interval in text.split(",") if text else ():
        try:
            found.append(parse_interval(interval, completions))
        except ValueError:
            continue
    return found
