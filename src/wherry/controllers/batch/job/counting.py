"""How a Job's Pods ended, each counted once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from enum import Enum

from msgspec import Struct

from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.controllers.batch.job import indexes
from wherry.controllers.batch.job.backoff import finish_time
from wherry.controllers.batch.job.policies import Meaning, is_index_failed, judge, replaces_only_failed
from wherry.controllers.podstate import is_active, is_ready, is_terminating

TRACKING = "batch.kubernetes.io/job-tracking"

MAX_UNCOUNTED = 500
"""UIDs noted in one status; the rest waits for the next pass."""


class Ending(Enum):
    """Whether the Job is over, so that no Pod has to be waited for any more."""

    NOT_YET = "not yet"
    SUCCESS = "success"
    FAILURE = "failure"
    """What has not ended counts as failed."""


class Census(Struct, frozen=True):
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
    """Pods whose finalizer comes off once the status is written."""
    newly_succeeded: tuple[Pod, ...]
    newly_failed: tuple[Pod, ...]
    """What had not been noted before."""
    failure_message: str
    """Why podFailurePolicy fails the whole Job."""
    has_rest: bool
    """There is more to count than goes into one status."""


def is_indexed(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


def is_tracked(pod: Pod) -> bool:
    return TRACKING in pod.metadata.finalizers


class _Tally(Struct):
    """What is being counted."""

    ok: list[str]
    bad: list[str]
    completed: set[int]
    failed_indexes: set[int]
    settled: list[Pod]
    new_ok: list[Pod]
    new_bad: list[Pod]
    kept: int = 0
    """Failures that are not noted yet."""
    message: str = ""


def take(job: Job, pods: Sequence[Pod], *, ending: Ending, freed: AbstractSet[str] = frozenset()) -> Census:
    """Count. `freed` are Pods whose finalizer is off already although their view still shows it."""
    completions = job.spec.completions or 0
    status = job.status
    noted = status.uncounted_terminated_pods
    mine = [pod for pod in pods if is_tracked(pod) and pod.metadata.uid not in freed]
    tracked = {pod.metadata.uid for pod in mine}
    ok_before, bad_before = (noted.succeeded, noted.failed) if noted is not None else ((), ())
    tally = _Tally(
        ok=[uid for uid in ok_before if uid in tracked],
        bad=[uid for uid in bad_before if uid in tracked],
        completed=indexes.parse_set(status.completed_indexes, completions) if is_indexed(job) else set(),
        failed_indexes=indexes.parse_set(status.failed_indexes, completions),
        settled=[],
        new_ok=[],
        new_bad=[],
    )
    counted_ok = (status.succeeded or 0) + len(ok_before) - len(tally.ok)
    counted_bad = (status.failed or 0) + len(bad_before) - len(tally.bad)
    is_free = ending is not Ending.NOT_YET or job.metadata.deletion_timestamp is not None
    kept = set() if is_free else _kept_for_successor(job, pods, tally)
    has_rest = False
    for pod in sorted(mine, key=finish_time):
        _count(job, pod, tally, ending, is_free=is_free, is_kept=pod.metadata.uid in kept)
        if len(tally.ok) + len(tally.bad) >= MAX_UNCOUNTED:
            has_rest = True
            break
    active = tuple(pod for pod in pods if is_active(pod))
    succeeded = len(tally.completed) if is_indexed(job) else counted_ok + len(tally.ok)
    return Census(
        active=active,
        ready=sum(1 for pod in active if is_ready(pod)),
        terminating=sum(1 for pod in pods if is_terminating(pod)),
        succeeded=succeeded,
        failed=counted_bad + len(tally.bad) + tally.kept,
        counted_succeeded=succeeded if is_indexed(job) else counted_ok,
        counted_failed=counted_bad,
        uncounted_succeeded=tuple(tally.ok),
        uncounted_failed=tuple(tally.bad),
        completed=frozenset(tally.completed),
        failed_indexes=frozenset(tally.failed_indexes) if job.spec.backoff_limit_per_index is not None else None,
        settled=tuple(tally.settled),
        newly_succeeded=tuple(tally.new_ok),
        newly_failed=tuple(tally.new_bad),
        failure_message=tally.message,
        has_rest=has_rest,
    )


def _count(job: Job, pod: Pod, tally: _Tally, ending: Ending, *, is_free: bool, is_kept: bool) -> None:
    uid = pod.metadata.uid
    if pod.status.phase == "Succeeded" and uid not in tally.bad:
        _count_success(job, pod, tally)
        tally.settled.append(pod)
        return
    failed = has_failed(job, pod)
    if failed or ending is Ending.FAILURE:
        _count_failure(job, pod, tally, is_own=failed, is_kept=is_kept)
    if is_free or pod.status.phase == "Succeeded" or (failed and not is_kept):
        tally.settled.append(pod)


def _count_success(job: Job, pod: Pod, tally: _Tally) -> None:
    uid = pod.metadata.uid
    if is_indexed(job):
        index = _index(job, pod)
        if index is not None and index not in tally.completed:
            tally.completed.add(index)
            tally.new_ok.append(pod)
    elif uid not in tally.ok:
        tally.ok.append(uid)
        tally.new_ok.append(pod)


def _count_failure(job: Job, pod: Pod, tally: _Tally, *, is_own: bool, is_kept: bool) -> None:
    """Pods of indexes that the Job does not have count for nothing; `is_own`: not because the Job as a whole fails.

    What is kept for its successor counts against the limit, and is noted only when it goes.
    """
    uid, index = pod.metadata.uid, _index(job, pod)
    if is_indexed(job) and index is None:
        return
    verdict = judge(job, pod)
    if verdict.meaning is Meaning.FAIL_JOB:
        tally.message = tally.message or verdict.message
    if is_own and index is not None and is_index_failed(job, pod) and index not in tally.completed:
        tally.failed_indexes.add(index)
    if uid in tally.bad:
        return
    counts = verdict.meaning is not Meaning.IGNORE
    if is_kept:
        tally.kept += counts
        return
    tally.new_bad.append(pod)
    if counts:
        tally.bad.append(uid)


def belongs(job: Job, pod: Pod) -> bool:
    """Whether how it ends means anything to the Job."""
    return not is_indexed(job) or _index(job, pod) is not None


def _index(job: Job, pod: Pod) -> int | None:
    """The Pod's index, if the Job has it (an elastic one may have shrunk)."""
    index = indexes.index_of(pod) if is_indexed(job) else None
    return index if index is not None and index < (job.spec.completions or 0) else None


def has_failed(job: Job, pod: Pod) -> bool:
    """Ended badly; a Pod being deleted counts too unless the Job waits for it to end."""
    if pod.status.phase == "Failed":
        return True
    if replaces_only_failed(job):
        return False
    return pod.metadata.deletion_timestamp is not None and pod.status.phase != "Succeeded"


def last_failed(job: Job, pods: Sequence[Pod]) -> dict[int, Pod]:
    """The newest failed Pod of each index: the next one of the index counts on from it."""
    newest: dict[int, Pod] = {}
    for pod in pods:
        index = indexes.index_of(pod)
        if index is None or not has_failed(job, pod):
            continue
        if index not in newest or _generation(pod) > _generation(newest[index]):
            newest[index] = pod
    return newest


def _generation(pod: Pod) -> tuple[int, float]:
    annotations = pod.metadata.annotations
    counts = [value for name, value in annotations.items() if name.endswith("-failure-count") and value.isdigit()]
    return sum(map(int, counts)), finish_time(pod)


def _kept_for_successor(job: Job, pods: Sequence[Pod], tally: _Tally) -> set[str]:
    """With a limit per index, the newest failed Pod of an index stays until its successor, which counts on from it."""
    if job.spec.backoff_limit_per_index is None:
        return set()
    done = {index for pod in pods if pod.status.phase == "Succeeded" and (index := _index(job, pod)) is not None}
    running = {indexes.index_of(pod) for pod in pods if is_active(pod)}
    return {
        pod.metadata.uid
        for index, pod in last_failed(job, pods).items()
        if index not in running
        and index not in tally.completed
        and index not in done
        and index not in tally.failed_indexes
        and not is_index_failed(job, pod)
    }
