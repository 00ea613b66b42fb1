"""The values a rollout is decided on: a Deployment's wishes and its ReplicaSets' counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.meta.intorstring import scaled
from wherry.api.types.apps_v1 import Deployment, ReplicaSet
from wherry.controllers.documents import plain

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX = "deployment.kubernetes.io/max-replicas"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
ROLLBACK = "deprecated.deployment.rollback.to"
HASH_LABEL = "pod-template-hash"


class Replicas(Struct, frozen=True):
    """One ReplicaSet: what a rollout needs to know of it."""

    name: str
    spec: int
    actual: int = 0
    ready: int = 0
    available: int = 0
    terminating: int | None = None
    created: float = 0.0
    annotations: Mapping[str, str] = field(default_factory=dict)
    failure: Obj | None = None
    """Its ReplicaFailure condition."""
    is_observed: bool = True
    """Its controller has seen the present spec."""
    is_going: bool = False
    """Being deleted."""

    def scaled(self, spec: int) -> Replicas:
        return replace(self, spec=spec)


class Rollout(Struct, frozen=True):
    """What a Deployment asks for."""

    name: str
    replicas: int
    max_surge: int
    max_unavailable: int
    is_rolling: bool
    is_paused: bool = False
    generation: int = 0
    history_limit: int | None = 10
    deadline: int | None = 600
    """Seconds a rollout may go without progress; None when nobody cares."""
    present: int = 0
    """How many Pods its status counts."""

    @property
    def limits(self) -> dict[str, str]:
        """The annotations that tell proportional scaling what a ReplicaSet was sized for."""
        return {DESIRED: str(self.replicas), MAX: str(self.replicas + self.max_surge)}


def rollout_of(deployment: Deployment) -> Rollout:
    spec = deployment.spec
    replicas = spec.replicas if spec.replicas is not None else 1
    strategy = spec.strategy
    is_rolling = strategy is None or strategy.type != "Recreate"
    surge, unavailable = 0, 0
    if is_rolling:
        rolling = strategy.rolling_update if strategy is not None else None
        surge, unavailable = fenceposts(
            rolling.max_surge if rolling is not None else "25%",
            rolling.max_unavailable if rolling is not None else "25%",
            replicas,
        )
    deadline = spec.progress_deadline_seconds
    return Rollout(
        name=deployment.metadata.name,
        replicas=replicas,
        max_surge=surge,
        max_unavailable=unavailable,
        is_rolling=is_rolling,
        is_paused=bool(spec.paused),
        generation=deployment.metadata.generation,
        history_limit=spec.revision_history_limit,
        deadline=None if deadline is None or deadline == 2**31 - 1 else deadline,
        present=deployment.status.replicas or 0,
    )


def fenceposts(max_surge: int | str | None, max_unavailable: int | str | None, replicas: int) -> tuple[int, int]:
    """(surge, unavailable) as numbers: surge rounded up, unavailable down, never both 0."""
    surge = scaled_value(max_surge, replicas, round_up=True)
    unavailable = scaled_value(max_unavailable, replicas, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def scaled_value(value: int | str | None, total: int, *, round_up: bool) -> int:
    """An int-or-percent of `total`; the absent one is 0."""
    return 0 if value is None else scaled(value, total, round_up)


def replicas_of(replica_set: ReplicaSet) -> Replicas:
    metadata, status = replica_set.metadata, replica_set.status
    failures = [c for c in status.conditions if c.type == "ReplicaFailure"]
    created = metadata.creation_timestamp
    spec = replica_set.spec.replicas
    return Replicas(
        name=metadata.name,
        spec=1 if spec is None else spec,
        actual=status.replicas,
        ready=status.ready_replicas or 0,
        available=status.available_replicas or 0,
        terminating=status.terminating_replicas,
        created=created.timestamp() if created is not None else 0.0,
        annotations=metadata.annotations,
        failure=plain(failures[0]) if failures else None,
        is_observed=metadata.generation <= (status.observed_generation or 0),
        is_going=metadata.deletion_timestamp is not None,
    )


def total(sets: Iterable[Replicas]) -> int:
    """How many Pods the ReplicaSets are asked for."""
    return sum(one.spec for one in sets)


def oldest_first(sets: Iterable[Replicas]) -> list[Replicas]:
    return sorted(sets, key=lambda one: (one.created, one.name))


def active(sets: Sequence[Replicas]) -> list[Replicas]:
    return [one for one in sets if one.spec > 0]
