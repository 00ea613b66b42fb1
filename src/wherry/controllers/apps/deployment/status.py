"""What a Deployment's status says: counts, availability, and whether the rollout makes progress. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.controllers import conditions
from wherry.controllers.apps.deployment.model import Replicas, Rollout
from wherry.lib.clock import format_time, parse_time

PROGRESSING = "Progressing"
AVAILABLE = "Available"
REPLICA_FAILURE = "ReplicaFailure"

NEW_RS_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"


def counted(rollout: Rollout, old_status: Obj, everything: Sequence[Replicas], new: Replicas | None, now: float) -> Obj:
    """The status with counts and the Available condition; progress is `progressed`'s affair."""
    available = sum(one.available for one in everything)
    counts = {
        "observedGeneration": rollout.generation,
        "replicas": sum(one.actual for one in everything),
        "updatedReplicas": new.actual if new is not None else 0,
        "readyReplicas": sum(one.ready for one in everything),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(one.spec for one in everything) - available),
    }
    status: Obj = {name: count for name, count in counts.items() if count}
    if all(one.terminating is not None for one in everything):
        status["terminatingReplicas"] = sum(one.terminating or 0 for one in everything)
    if "collisionCount" in old_status:
        status["collisionCount"] = old_status["collisionCount"]
    status["conditions"] = conditions.changed(old_status.get("conditions", ()), _availability(rollout, available, now))
    return status


def progressed(
    rollout: Rollout, old: Obj, new_status: Obj, everything: Sequence[Replicas], new: Replicas | None, now: float
) -> Obj:
    """`new_status` with Progressing and ReplicaFailure brought up to date."""
    found: list[Obj] = new_status["conditions"]
    if rollout.deadline is None:
        found = conditions.without(found, PROGRESSING)
    else:
        found = _progress(rollout, old, {**new_status, "conditions": found}, new, now)
    failure = _replica_failure(everything, new)
    if failure is None:
        found = conditions.without(found, REPLICA_FAILURE)
    else:
        found = conditions.changed(found, {**failure, "lastUpdateTime": failure.get("lastTransitionTime")})
    return {**new_status, "conditions": found}


def condition(type: str, status: str, reason: str, message: str, now: float) -> Obj:
    """A Deployment's condition as it is when it changes now."""
    stamp = format_time(now)
    return {
        "type": type,
        "status": status,
        "lastUpdateTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def is_complete(rollout: Rollout, status: Obj) -> bool:
    """All Pods are of the new template, none of another, all available, and the spec has been seen."""
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == rollout.replicas for name in counts) and (
        int(status.get("observedGeneration", 0)) >= rollout.generation
    )


def check_in(rollout: Rollout, status: Obj, now: float) -> float | None:
    """Seconds until a rollout without progress has to be called late; None when there is nothing to wait for."""
    current = conditions.find(status.get("conditions", ()), PROGRESSING)
    if rollout.deadline is None or current is None or is_complete(rollout, status):
        return None
    if current.get("reason") in (TIMED_OUT, NEW_RS_AVAILABLE) or rollout.is_paused:
        return None
    return max(0.0, _updated(current) + rollout.deadline - now) + 1.0


def _availability(rollout: Rollout, available: int, now: float) -> Obj:
    if available >= rollout.replicas - rollout.max_unavailable:
        message = "Deployment has minimum availability."
        return condition(AVAILABLE, "True", "MinimumReplicasAvailable", message, now)
    message = "Deployment does not have minimum availability."
    return condition(AVAILABLE, "False", "MinimumReplicasUnavailable", message, now)


def _progress(rollout: Rollout, old: Obj, status: Obj, new: Replicas | None, now: float) -> list[Obj]:
    found: list[Obj] = status["conditions"]
    current = conditions.find(old.get("conditions", ()), PROGRESSING)
    was_complete = current is not None and current.get("reason") == NEW_RS_AVAILABLE
    if was_complete and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return found
    subject = f'ReplicaSet "{new.name}"' if new is not None else f'Deployment "{rollout.name}"'
    if is_complete(rollout, status):
        message = f"{subject} has successfully progressed."
        return conditions.changed(found, condition(PROGRESSING, "True", NEW_RS_AVAILABLE, message, now))
    if _is_progressing(old, status):
        fresh = condition(PROGRESSING, "True", "ReplicaSetUpdated", f"{subject} is progressing.", now)
        if current is not None and current.get("status") == "True":
            fresh["lastTransitionTime"] = current.get("lastTransitionTime", fresh["lastTransitionTime"])
        return [*conditions.without(found, PROGRESSING), fresh]
    if _is_late(rollout, found, now):
        message = f"{subject} has timed out progressing."
        return conditions.changed(found, condition(PROGRESSING, "False", TIMED_OUT, message, now))
    return found


def _is_progressing(old: Obj, new: Obj) -> bool:
    def left(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return left(new) < left(old) or any(int(new.get(name, 0)) > int(old.get(name, 0)) for name in grown)


def _is_late(rollout: Rollout, found: Sequence[Obj], now: float) -> bool:
    current = conditions.find(found, PROGRESSING)
    if rollout.deadline is None or current is None or current.get("reason") == NEW_RS_AVAILABLE:
        return False
    return current.get("reason") == TIMED_OUT or _updated(current) + rollout.deadline < now


def _replica_failure(everything: Sequence[Replicas], new: Replicas | None) -> Obj | None:
    if new is not None and new.failure is not None:
        return new.failure
    return next((one.failure for one in everything if one.failure is not None), None)


def _updated(current: Obj) -> float:
    stamp = current.get("lastUpdateTime") or current.get("lastTransitionTime")
    return parse_time(stamp) if stamp else 0.0
