"""What a cluster is made of, and what a later one can begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from wherry.api.features import DEFAULTS, Features, features
from wherry.providers.simulated.stages.stage import Stage, parse_stage
from wherry.store.memory import MemorySnapshot
from wherry.testing.cluster.manifests import Source, read_objects
from wherry.testing.cluster.nodes import Behaving, Nodes, State, first_state

ClockMode: TypeAlias = Literal["real", "manual"]
"""Whether time goes on by itself; either way it can be made to pass."""

MANUAL_START = 1_700_000_000.0
"""When a manual clock begins, unless told otherwise: 2023-11-14 22:13:20 UTC."""


class Options(Struct, frozen=True, kw_only=True):
    """The words that `Cluster` takes."""

    nodes: State
    behave: tuple[Behaving, ...] = ()
    stages: tuple[Stage, ...] = ()
    clock: ClockMode = "real"
    seed: int = 0
    """Where all chance comes from: names, UIDs, the order of equals."""
    start: float | None = None
    """When time begins, in seconds since the epoch; now, or `MANUAL_START`."""
    features: Features = DEFAULTS
    storage: bool = True
    """Whether there is a default StorageClass whose claims get volumes."""


class Snapshot(Struct, frozen=True):
    """A cluster at a moment. Cheap to keep: what is in it is shared with the cluster that it was taken of."""

    options: Options
    store: MemorySnapshot
    time: float
    nodes: State
    chance: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self.store.rows)} objects at revision {self.store.revision}>"


def options(
    nodes: Nodes,
    clock: ClockMode,
    seed: int,
    start: float | None,
    behave: Behaving | Sequence[Behaving],
    storage: bool = True,
    stages: Source = (),
    gates: Mapping[str, bool] | None = None,
) -> Options:
    """The options that a test's words mean. Raises ValueError where they mean nothing."""
    sources = tuple(behave) if isinstance(behave, Sequence) else (behave,)
    for each in sources:
        if not callable(each) and not isinstance(each, Mapping):
            raise ValueError(f"behave is a function of the Pod, a table by image, or several of them, not {behave!r}")
    played = tuple(stage for stage in map(parse_stage, read_objects(stages)) if stage is not None)
    return Options(
        nodes=first_state(nodes),
        behave=sources,
        stages=played,
        clock=clock,
        seed=seed,
        start=start,
        storage=storage,
        features=DEFAULTS if gates is None else features(gates),
    )
