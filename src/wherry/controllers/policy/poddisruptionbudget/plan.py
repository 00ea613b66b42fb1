"""How many Pods of a budget are expected, wanted and healthy, and how many may therefore go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from wherry.api import Obj
from wherry.api.meta.intorstring import scaled
from wherry.api.types.core_v1 import Pod
from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.controllers import conditions
from wherry.controllers.documents import plain
from wherry.controllers.podstate import condition, is_finished
from wherry.controllers.policy.poddisruptionbudget.members import Member
from wherry.lib.clock import format_time

ALLOWED = "DisruptionAllowed"
DELETION_SECONDS = 120.0
"""How long a Pod whose eviction was allowed is taken for gone without being seen to go."""
STALE_SECONDS = 120.0
"""How long the announcement of a disruption is believed when none comes."""


class Demand(Struct, frozen=True):
    """What a budget asks for."""

    expected: int
    """How many Pods there should be."""
    healthy: int
    """How many of them must be."""


class Assessment(Struct, frozen=True):
    """What the status is to say, and when to look again."""

    status: Obj
    look_again: float | None
    survivors: tuple[str, ...]
    """Pods that were to be gone by now."""


def asks_for_scale(budget: PodDisruptionBudget) -> bool:
    """Whether it is counted against what the controllers of its Pods want, not against the Pods there are."""
    return budget.spec.max_unavailable is not None or isinstance(budget.spec.min_available, str)


def demand(budget: PodDisruptionBudget, present: int, wanted: int) -> Demand:
    """`present` Pods are there, `wanted` is the scale of all their controllers. Raises ValueError for odd texts."""
    if budget.spec.max_unavailable is not None:
        return Demand(wanted, max(0, wanted - scaled(budget.spec.max_unavailable, wanted, round_up=True)))
    least = budget.spec.min_available
    if isinstance(least, str):
        return Demand(wanted, scaled(least, wanted, round_up=True))
    return Demand(0, 0) if least is None else Demand(present, least)


def assess(budget: PodDisruptionBudget, pods: Sequence[Member], wants: Demand, now: float) -> Assessment:
    """The status that follows from the Pods there are."""
    going, survivors, look_again = _disrupted(budget.status.disrupted_pods, pods, now)
    healthy = sum(1 for pod in pods if _is_healthy(pod, going))
    allowed = max(0, healthy - wants.healthy) if wants.expected > 0 else 0
    status = {
        "currentHealthy": healthy,
        "desiredHealthy": wants.healthy,
        "expectedPods": wants.expected,
        "disruptionsAllowed": allowed,
        "observedGeneration": budget.metadata.generation,
        "conditions": _conditions(budget, allowed, now),
    }
    if going:
        status["disruptedPods"] = going
    return Assessment(status, look_again, survivors)


def failed(budget: PodDisruptionBudget, why: str, now: float) -> Obj:
    """The status of a budget that cannot be counted: nothing may go."""
    status = plain(budget.status)
    status["disruptionsAllowed"] = 0
    verdict = _verdict("False", "SyncFailed", why, budget.status.observed_generation or 0, now)
    status["conditions"] = conditions.placed(status.get("conditions", ()), verdict)
    return status


def stale_in(pod: Pod, now: float) -> float | None:
    """Seconds until the Pod's announced disruption is not believed any more; None when there is nothing to doubt.

    The kubelet's own announcements hold however long the Pod takes to end.
    """
    announced = condition(pod, "DisruptionTarget")
    if pod.metadata.deletion_timestamp is not None or is_finished(pod) or announced is None:
        return None
    if announced.status != "True" or announced.reason == "TerminationByKubelet":
        return None
    since = announced.last_transition_time.timestamp() if announced.last_transition_time is not None else 0.0
    return max(0.0, since + STALE_SECONDS - now)


def _disrupted(
    named: Mapping[str, datetime], pods: Sequence[Member], now: float
) -> tuple[dict[str, str], tuple[str, ...], float | None]:
    """Which of the Pods named are still to go, which should have gone, and when to look again."""
    going: dict[str, str] = {}
    survivors: list[str] = []
    look_again: float | None = None
    for pod in pods:
        since = named.get(pod.name)
        if pod.is_going or since is None:
            continue
        stamp = since.timestamp()
        left = stamp + DELETION_SECONDS - now
        if left <= 0:
            survivors.append(pod.name)
            continue
        going[pod.name] = format_time(stamp)
        look_again = left if look_again is None else min(look_again, left)
    return going, tuple(survivors), look_again


def _is_healthy(pod: Member, going: Mapping[str, str]) -> bool:
    return pod.is_ready and not pod.is_going and pod.name not in going


def _conditions(budget: PodDisruptionBudget, allowed: int, now: float) -> list[Obj]:
    status, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    old: list[Obj] = plain(budget.status).get("conditions", [])
    current = conditions.find(old, ALLOWED)
    is_current = (
        current is not None
        and current.get("status") == status
        and current.get("observedGeneration", 0) == budget.metadata.generation
        and current.get("reason") != "SyncFailed"
    )
    if is_current:
        return old
    return conditions.placed(old, _verdict(status, reason, "", budget.metadata.generation or 0, now))


def _verdict(status: str, reason: str, message: str, generation: int, now: float) -> Obj:
    verdict: Obj = {
        "type": ALLOWED,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(now),
    }
    if generation:
        verdict["observedGeneration"] = generation
    return verdict
