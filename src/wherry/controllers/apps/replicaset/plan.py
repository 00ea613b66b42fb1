"""How many Pods a ReplicaSet lacks, which are too many, and what its status says."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers import conditions
from wherry.controllers.podranking import first_to_go
from wherry.controllers.podstate import available_in, is_active, is_available, is_ready, is_terminating
from wherry.lib.clock import format_time

BURST = 500
"""Creations or deletions of one pass; the next pass continues."""


class Wanted(Struct, frozen=True):
    """What a ReplicaSet or ReplicationController asks for."""

    metadata: ObjectMeta
    replicas: int
    min_ready_seconds: int
    template_labels: dict[str, str]


class Scaling(Struct, frozen=True):
    """At most one of the two is anything."""

    create: int = 0
    delete: tuple[Pod, ...] = ()


class Failure(Struct, frozen=True):
    """Why the last scaling did not succeed."""

    reason: str
    message: str


def plan_scaling(wanted: Wanted, pods: Sequence[Pod], related: Sequence[Pod], now: float) -> Scaling:
    """Compare `pods` (all that are owned) with what is wanted.

    `related` are the Pods of all sibling ReplicaSets too: where many of them share a node, one there goes first.
    """
    active = [pod for pod in pods if is_active(pod)]
    missing = wanted.replicas - len(active)
    if missing > 0:
        return Scaling(create=min(missing, BURST))
    if missing < 0:
        count = min(-missing, BURST)
        neighbours = [pod for pod in related if is_active(pod)]
        return Scaling(delete=tuple(first_to_go(active, count, neighbours, now)))
    return Scaling()


def next_status(wanted: Wanted, old: Obj, pods: Sequence[Pod], failure: Failure | None, now: float) -> Obj:
    """The status that describes `pods`; `old` is the present one, from which conditions are carried over."""
    active = [pod for pod in pods if is_active(pod)]
    labels = wanted.template_labels.items()
    status: Obj = {"replicas": len(active)}
    counts = {
        "fullyLabeledReplicas": sum(1 for pod in active if labels <= pod.metadata.labels.items()),
        "readyReplicas": sum(1 for pod in active if is_ready(pod)),
        "availableReplicas": sum(1 for pod in active if is_available(pod, wanted.min_ready_seconds, now)),
    }
    status.update({name: count for name, count in counts.items() if count})
    status["observedGeneration"] = wanted.metadata.generation
    if found := _conditions(old.get("conditions", ()), failure, now):
        status["conditions"] = found
    return status


def terminating(pods: Sequence[Pod]) -> int:
    return sum(1 for pod in pods if is_terminating(pod))


def next_change(wanted: Wanted, pods: Sequence[Pod], now: float) -> float | None:
    """Seconds until time alone makes a Pod available; None when it makes none."""
    waits = [available_in(pod, wanted.min_ready_seconds, now) for pod in pods if is_active(pod)]
    return min((wait for wait in waits if wait is not None), default=None)


def _conditions(old: Sequence[Obj], failure: Failure | None, now: float) -> list[Obj]:
    """ReplicaFailure comes with the first failure, tells of that one, and goes with the next success."""
    if failure is None:
        return conditions.without(old, "ReplicaFailure")
    if conditions.find(old, "ReplicaFailure") is not None:
        return list(old)
    new = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": failure.reason,
        "message": failure.message,
        "lastTransitionTime": format_time(now),
    }
    return [*old, new]
