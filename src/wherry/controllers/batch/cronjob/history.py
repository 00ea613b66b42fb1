"""What has become of a CronJob's Jobs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wherry.api.types.batch_v1 import CronJob, Job
from wherry.api.types.core_v1 import ObjectReference


class Survey(Struct, frozen=True):
    """The Jobs there are, against the list of those that ran at the last look."""

    ended: tuple[tuple[Job, str], ...]
    """Those on the list that are over, each with the condition that says so."""
    unlisted: tuple[Job, ...]
    """Running, and not on the list: made by somebody else, or just before a status that was never written."""
    missing: tuple[ObjectReference, ...]
    """On the list, and not there."""
    succeeded: float | None
    """When the last one succeeded, as far as it is later than what the status says."""


def survey(cron_job: CronJob, jobs: Sequence[Job], active: Sequence[ObjectReference]) -> Survey:
    listed = {reference.uid for reference in active}
    present = {job.metadata.uid for job in jobs}
    ended: list[tuple[Job, str]] = []
    unlisted: list[Job] = []
    last = cron_job.status.last_successful_time
    succeeded = last.timestamp() if last is not None else None
    for job in jobs:
        outcome = outcome_of(job)
        if not outcome:
            if job.metadata.uid not in listed:
                unlisted.append(job)
            continue
        if job.metadata.uid in listed:
            ended.append((job, outcome))
        if outcome == "Complete" and job.status.completion_time is not None:
            finished = job.status.completion_time.timestamp()
            succeeded = finished if succeeded is None else max(succeeded, finished)
    missing = tuple(reference for reference in active if reference.uid not in present)
    return Survey(tuple(ended), tuple(unlisted), missing, succeeded)


def outcome_of(job: Job) -> str:
    """Complete or Failed; "" while it runs."""
    for condition in job.status.conditions:
        if condition.type in ("Complete", "Failed") and condition.status == "True":
            return condition.type or ""
    return ""


def surplus(cron_job: CronJob, jobs: Sequence[Job]) -> list[Job]:
    """The oldest of the Jobs that have ended, beyond what the limits let stay."""
    gone: list[Job] = []
    limits = (
        ("Complete", cron_job.spec.successful_jobs_history_limit),
        ("Failed", cron_job.spec.failed_jobs_history_limit),
    )
    for outcome, limit in limits:
        if limit is not None:
            ended = [job for job in jobs if outcome_of(job) == outcome]
            if (count := len(ended) - limit) > 0:
                gone += sorted(ended, key=_age)[:count]
    return gone


def _age(job: Job) -> tuple[bool, float, str]:
    started = job.status.start_time
    return started is None, started.timestamp() if started is not None else 0.0, job.metadata.name
