"""What a cluster is made of, and what a later one can begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from wherry.store.memory import MemorySnapshot

ClockMode: TypeAlias = Literal["real", "manual"]
"""Whether time goes on by itself; either way it can be made to pass."""

MANUAL_START = 1_700_000_000.0
"""When a manual clock begins, unless told otherwise: 2023-11-14 22:13:20 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The words that `Cluster` takes."""

    clock: ClockMode = "real"
    seed: int = 0
    """Where all chance comes from: names, UIDs, the order of equals."""
    start: float | None = None
    """When time begins, in seconds since the epoch; now, or `MANUAL_START`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A cluster at a moment. Cheap to keep: what is in it is shared with the cluster that it was taken of."""

    options: Options
    store: MemorySnapshot
    time: float
    chance: tuple[Any, ...] = field(repr=False)
