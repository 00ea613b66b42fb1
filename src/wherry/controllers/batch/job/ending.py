"""Whether a Job is over, and why. Pure.

It is over in two steps: first a condition says so (`SuccessCriteriaMet`, `FailureTarget`) and its Pods go; when none is
left to end or to count, the final one follows (`Complete`, `Failed`).
"""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.controllers import conditions
from wherry.controllers.batch.job import backoff, policies
from wherry.controllers.batch.job.counting import Census, is_indexed
from wherry.lib.clock import format_time

SUCCESS = "SuccessCriteriaMet"
FAILURE = "FailureTarget"
FINAL = {SUCCESS: "Complete", FAILURE: "Failed"}


def find_end(
    job: Job, census: Census, pods: Sequence[Pod], found: Sequence[Obj], now: float
) -> tuple[Obj | None, float | None]:
    """The condition (success or failure) that decides the Job, old or new; and when its time will be up."""
    for decision in (SUCCESS, FAILURE):
        known = conditions.find(found, decision)
        if known is not None and known.get("status") == "True":
            return known, None
    if census.failure_message:
        return condition(FAILURE, "PodFailurePolicy", census.failure_message, now), None
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    if census.failed > limit or backoff.exceeded_by_restarts(job, pods):
        return condition(FAILURE, "BackoffLimitExceeded", "Job has reached the specified backoff limit", now), None
    left = _seconds_left(job, now)
    if left is not None and left <= 0:
        return condition(FAILURE, "DeadlineExceeded", "Job was active longer than specified deadline", now), None
    if (failed := _failed_indexes(job, census, now)) is not None:
        return failed, left
    rule = policies.success_rule(job, census.completed) if is_indexed(job) else None
    if rule is not None:
        return condition(SUCCESS, "SuccessPolicy", f"Matched rules at index {rule}", now), left
    return None, left


def is_complete(job: Job, census: Census, left: int) -> bool:
    """Whether enough has succeeded and nothing runs; `left` Pods do."""
    if left:
        return False
    if job.spec.completions is None:
        return census.succeeded > 0
    return census.succeeded >= job.spec.completions


def reached(now: float) -> Obj:
    return condition(SUCCESS, "CompletionsReached", "Reached expected number of succeeded pods", now)


def condition(type: str, reason: str, message: str, now: float) -> Obj:
    stamp = format_time(now)
    return {
        "type": type,
        "status": "True",
        "lastProbeTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def _seconds_left(job: Job, now: float) -> float | None:
    """Until activeDeadlineSeconds; None when there is no such deadline or it does not run."""
    if job.spec.active_deadline_seconds is None or job.spec.suspend:
        return None
    started = job.status.start_time.timestamp() if job.status.start_time is not None else now
    return started + job.spec.active_deadline_seconds - now


def _failed_indexes(job: Job, census: Census, now: float) -> Obj | None:
    failed = census.failed_indexes
    if not failed:
        return None
    most = job.spec.max_failed_indexes
    if most is not None and len(failed) > most:
        message = "Job has exceeded the specified maximal number of failed indexes"
        return condition(FAILURE, "MaxFailedIndexesExceeded", message, now)
    if len(failed) + census.succeeded >= (job.spec.completions or 0):
        return condition(FAILURE, "FailedIndexes", "Job has failed indexes", now)
    return None
