"""How a Job's Pods ended, each counted once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.controllers.batch.job import indexes
from wherry.controllers.batch.job.policies import Meaning, finish_time, is_index_failed, judge, replaces_only_failed
from wherry.controllers.podstate import is_active, is_ready, is_terminating

TRACKING = "batch.kubernetes.io/job-tracking"

MAX_UNCOUNTED = 500
"""UIDs noted in one status; the rest waits for the next pass."""


@dataclass(frozen=True, slots=True)
class Census:
    """What the Pods of a Job amount to."""

    active: tuple[Pod, ...]
    ready: int
    terminating: int
    succeeded: int
    failed: int
    """Failures that count against the limit, those still uncounted included."""
    counted_succeeded: int
    counted_failed: int
    """What may stand as numbers in the status now; the rest stands in the uncounted UIDs."""
    uncounted_succeeded: tuple[str, ...]
    uncounted_failed: tuple[str, ...]
    completed: frozenset[int]
    failed_indexes: frozenset[int] | None
    """None for Jobs without backoffLimitPerIndex."""
    settled: tuple[Pod, ...]
    """Ended Pods whose finalizer comes off once the status is written."""
    failure_message: str
    """Why podFailurePolicy fails the whole Job."""
    waits: bool
    """Pods with a finalizer remain that cannot be settled yet."""


def is_indexed(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


def is_tracked(pod: Pod) -> bool:
    return TRACKING in pod.metadata.finalizers


def take(job: Job, pods: Sequence[Pod], *, is_over: bool) -> Census:
    """Count. `is_over` says that the Job has failed or succeeded, so no failed Pod is kept for its successor."""
    completions = job.spec.completions or 0
    status = job.status
    noted = status.uncounted_terminated_pods
    tracked = {pod.metadata.uid for pod in pods if is_tracked(pod)}
    ok_before, bad_before = (noted.succeeded, noted.failed) if noted is not None else ((), ())
    counted_ok = (status.succeeded or 0) + sum(1 for uid in ok_before if uid not in tracked)
    counted_bad = (status.failed or 0) + sum(1 for uid in bad_before if uid not in tracked)
    ok = [uid for uid in ok_before if uid in tracked]
    bad = [uid for uid in bad_before if uid in tracked]
    completed = indexes.parse_set(status.completed_indexes, completions) if is_indexed(job) else set()
    failed_indexes = indexes.parse_set(status.failed_indexes, completions)
    settled: list[Pod] = []
    message = ""
    has_rest = False
    delayed = set() if is_over else _kept_for_successor(job, pods, completed, failed_indexes)
    for pod in sorted((pod for pod in pods if is_tracked(pod)), key=finish_time):
        uid = pod.metadata.uid
        if pod.status.phase == "Succeeded":
            if is_indexed(job):
                index = indexes.index_of(pod)
                if index is not None and index < completions:
                    completed.add(index)
            elif uid not in ok:
                ok.append(uid)
            settled.append(pod)
        elif has_failed(job, pod):
            verdict = judge(job, pod)
            if verdict.meaning is Meaning.FAIL_JOB:
                message = message or verdict.message
            index = indexes.index_of(pod)
            if index is not None and is_index_failed(job, pod) and index not in completed:
                failed_indexes.add(index)
            if verdict.meaning is not Meaning.IGNORE and uid not in bad:
                bad.append(uid)
            if uid not in delayed:
                settled.append(pod)
        if len(ok) + len(bad) >= MAX_UNCOUNTED:
            has_rest = True
            break
    active = tuple(pod for pod in pods if is_active(pod))
    succeeded = len(completed) if is_indexed(job) else counted_ok + len(ok)
    leaving = {pod.metadata.uid for pod in settled}
    return Census(
        active=active,
        ready=sum(1 for pod in active if is_ready(pod)),
        terminating=sum(1 for pod in pods if is_terminating(pod)),
        succeeded=succeeded,
        failed=counted_bad + len(bad),
        counted_succeeded=succeeded if is_indexed(job) else counted_ok,
        counted_failed=counted_bad,
        uncounted_succeeded=tuple(ok),
        uncounted_failed=tuple(bad),
        completed=frozenset(completed),
        failed_indexes=frozenset(failed_indexes) if job.spec.backoff_limit_per_index is not None else None,
        settled=tuple(settled),
        failure_message=message,
        waits=has_rest or bool(tracked - leaving),
    )


def has_failed(job: Job, pod: Pod) -> bool:
    """Ended badly; a Pod being deleted counts too unless the Job waits for it to end."""
    if pod.status.phase == "Failed":
        return True
    if replaces_only_failed(job):
        return False
    return pod.metadata.deletion_timestamp is not None and pod.status.phase != "Succeeded"


def last_failed(pods: Sequence[Pod]) -> dict[int, Pod]:
    """The newest failed Pod of each index: the next one of the index counts on from it."""
    newest: dict[int, Pod] = {}
    for pod in pods:
        index = indexes.index_of(pod)
        if index is None or (pod.status.phase != "Failed" and pod.metadata.deletion_timestamp is None):
            continue
        if index not in newest or _generation(pod) > _generation(newest[index]):
            newest[index] = pod
    return newest


def _generation(pod: Pod) -> tuple[int, float]:
    annotations = pod.metadata.annotations
    counts = [value for name, value in annotations.items() if name.endswith("-failure-count") and value.isdigit()]
    return sum(map(int, counts)), finish_time(pod)


def _kept_for_successor(job: Job, pods: Sequence[Pod], completed: set[int], failed_indexes: set[int]) -> set[str]:
    """With a limit per index, the newest failed Pod of an index stays until its successor, which counts on from it."""
    if job.spec.backoff_limit_per_index is None:
        return set()
    running = {indexes.index_of(pod) for pod in pods if is_active(pod)}
    return {
        pod.metadata.uid
        for index, pod in last_failed(pods).items()
        if index not in running
        and index not in completed
        and index not in failed_indexes
        and not is_index_failed(job, pod)
    }
