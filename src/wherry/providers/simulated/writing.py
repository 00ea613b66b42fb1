"""What simulated containers write: the lines of a run by when they were written. Pure; nothing is kept.

A line's moment follows from its number, so that the last ten of a million cost ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil

from msgspec import Struct

from wherry.providers.simulated.behaviour import ContainerBehaviour


class Run(Struct, frozen=True):
    """One run of a container. `ended` is None while it runs."""

    pod: str
    container: str
    started: float
    ended: float | None


def count(fares: ContainerBehaviour, run: Run, now: float) -> int:
    """How many lines there are now."""
    if not fares.log or now < run.started:
        return 0
    if fares.log_seconds <= 0:
        return len(fares.log)
    until = now if run.ended is None else min(now, run.ended)
    return int((until - run.started) / fares.log_seconds + 1e-6) + 1


def moment(fares: ContainerBehaviour, run: Run, number: int) -> float:
    """When a line is written."""
    return run.started + max(fares.log_seconds, 0.0) * number


def first_since(fares: ContainerBehaviour, run: Run, since: float) -> int:
    """The number of the first line that is not older than that."""
    if fares.log_seconds <= 0:
        return 0 if run.started >= since else len(fares.log)
    return max(0, ceil((since - run.started) / fares.log_seconds - 1e-6))


def lines(fares: ContainerBehaviour, run: Run, begin: int, end: int) -> Iterator[bytes]:
    """Lines by number, in the format of CRI's log files."""
    for number in range(begin, end):
        at = datetime.fromtimestamp(moment(fares, run, number), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        text = fares.log[min(number, len(fares.log) - 1)]
        for mark, value in (
            ("{time}", at),
            ("{pod}", run.pod),
            ("{container}", run.container),
            ("{line}", str(number + 1)),
        ):
            text = text.replace(mark, value)
        yield f"{at} stdout F {text}\n".encode()
