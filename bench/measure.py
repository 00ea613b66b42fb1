"""What a benchmark returns: measures with their targets, printed as a table and as JSON.

A benchmark is a module with `async def run() -> list[Measure]`. CPU per operation is the measure to trust: it is the
same on a busy machine, while throughput and latency are not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `target` None: for information only."""

    name: str
    value: float
    unit: str
    target: float | None = None
    is_floor: bool = False
    """The target is to be reached, not to be stayed below."""

    @property
    def is_met(self) -> bool | None:
        if self.target is None:
            return None
        # A benchmark that failed has no value, which is neither below nor above anything.
        return self.value >= self.target if self.is_floor else self.value <= self.target


@dataclass(slots=True)
class Cost:
    """What a piece of work took: filled in when `measured` ends."""

    cpu: float = 0.0
    """Seconds of this process, all threads."""
    wall: float = 0.0

    def micros(self, operations: int) -> float:
        """CPU microseconds per operation."""
        return self.cpu / operations * 1e6


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block."""
    cost = Cost()
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    yield cost
    cost.cpu, cost.wall = time.process_time() - cpu, time.perf_counter() - wall


def format_table(measures: Sequence[Measure]) -> str:
    """A line per measure, with a mark where a target is missed."""
    rows = [(m.name, f"{m.value:,.2f}", m.unit, _format_target(m), _MARKS[m.is_met]) for m in measures]
    rows.insert(0, ("measure", "value", "unit", "target", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{name:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {target:>{widths[3]}}  {mark}".rstrip()
        for name, value, unit, target, mark in rows
    )


def format_missed(measures: Sequence[Measure]) -> str:
    """What is to be said in the end: how many targets were missed, and which."""
    missed = [measure.name for measure in measures if measure.is_met is False]
    judged = sum(measure.is_met is not None for measure in measures)
    if not missed:
        return f"all {judged} targets met"
    return f"{len(missed)} of {judged} targets missed: {'; '.join(missed)}"


def to_json(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Plain objects, for whoever compares runs."""
    return [{**asdict(measure), "is_met": measure.is_met} for measure in measures]


def resident_bytes() -> int:
    """Resident memory of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


_MARKS = {None: "", True: "ok", False: "MISSED"}


def _format_target(measure: Measure) -> str:
    if measure.target is None:
        return ""
    return f"{'>=' if measure.is_floor else '<='} {measure.target:,g}"
