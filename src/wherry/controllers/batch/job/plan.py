"""What a Job does next: is it over and why, which Pods to create and delete, and what its status says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wherry.api import Obj
from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.controllers import conditions
from wherry.controllers.batch.job import counting, indexes, policies
from wherry.controllers.batch.job.counting import Census, is_indexed
from wherry.controllers.documents import plain
from wherry.controllers.podranking import first_to_go
from wherry.controllers.podstate import is_terminating
from wherry.lib.clock import format_time

BURST = 500
SUCCESS = "SuccessCriteriaMet"
FAILURE = "FailureTarget"
SUSPENDED = "Suspended"
_FINAL = {SUCCESS: "Complete", FAILURE: "Failed"}


@dataclass(frozen=True, slots=True)
class NewPod:
    """A Pod to create; the index and the failures before it, where the Job has indexes."""

    index: int | None = None
    failures: int | None = None
    ignored_failures: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """An Event about the Job."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Carried out in this order: the status, then finalizers, then deletions and creations."""

    status: Obj
    settle: tuple[Pod, ...] = ()
    delete: tuple[Pod, ...] = ()
    create: tuple[NewPod, ...] = ()
    notes: tuple[Note, ...] = ()
    look_again: float | None = None


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    status: Obj
    found: list[Obj]
    delete: list[Pod] = field(default_factory=list)
    create: list[NewPod] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    look_again: float | None = None

    def wake_in(self, seconds: float) -> None:
        self.look_again = seconds if self.look_again is None else min(self.look_again, seconds)


def is_finished(job: Job) -> bool:
    return any(c.type in ("Complete", "Failed") and c.status == "True" for c in job.status.conditions)


def plan(job: Job, pods: Sequence[Pod], now: float, *, may_scale: bool) -> Plan:
    """The next step of a Job that has not finished. `may_scale` is False while own writes are on their way."""
    status = plain(job.status)
    draft = _Draft(status, list(status.get("conditions", ())))
    is_over = conditions.is_true(draft.found, SUCCESS) or conditions.is_true(draft.found, FAILURE)
    census = counting.take(job, pods, is_over=is_over)
    if "startTime" not in status and not job.spec.suspend:
        status["startTime"] = format_time(now)
    end = _end(job, census, draft, now)
    if end is not None:
        draft.delete += census.active
        if not is_over:
            census = counting.take(job, pods, is_over=True)
    elif may_scale and job.metadata.deletion_timestamp is None:
        _suspend_or_resume(job, draft, now)
        _scale(job, census, pods, draft, now)
        end = _completion(job, census, draft, now)
    if end is not None:
        _conclude(end, census, draft, now)
    _describe(job, census, draft)
    return Plan(
        status=draft.status,
        settle=census.settled,
        delete=tuple(draft.delete),
        create=tuple(draft.create),
        notes=tuple(draft.notes),
        look_again=draft.look_again,
    )


def _end(job: Job, census: Census, draft: _Draft, now: float) -> Obj | None:
    """The condition (success or failure) that decides the Job, old or new."""
    for decision in (SUCCESS, FAILURE):
        known = conditions.find(draft.found, decision)
        if known is not None and known.get("status") == "True":
            return known
    if census.failure_message:
        return _condition(FAILURE, "PodFailurePolicy", census.failure_message, now)
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    if census.failed > limit or policies.restarts_exceed_limit(job, census.active):
        return _condition(FAILURE, "BackoffLimitExceeded", "Job has reached the specified backoff limit", now)
    if (late := _seconds_left(job, now)) is not None:
        if late <= 0:
            return _condition(FAILURE, "DeadlineExceeded", "Job was active longer than specified deadline", now)
        draft.wake_in(late)
    if (failed := _failed_indexes(job, census, now)) is not None:
        return failed
    rule = policies.success_rule(job, census.completed) if is_indexed(job) else None
    return None if rule is None else _condition(SUCCESS, "SuccessPolicy", f"Matched rules at index {rule}", now)


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
        return _condition(FAILURE, "MaxFailedIndexesExceeded", message, now)
    if len(failed) + census.succeeded >= (job.spec.completions or 0):
        return _condition(FAILURE, "FailedIndexes", "Job has failed indexes", now)
    return None


def _suspend_or_resume(job: Job, draft: _Draft, now: float) -> None:
    is_suspended = conditions.is_true(draft.found, SUSPENDED)
    if job.spec.suspend and not is_suspended:
        draft.found = conditions.changed(draft.found, _condition(SUSPENDED, "JobSuspended", "Job suspended", now))
        draft.notes.append(Note("Normal", "Suspended", "Job suspended"))
    elif not job.spec.suspend and is_suspended:
        resumed = {**_condition(SUSPENDED, "JobResumed", "Job resumed", now), "status": "False"}
        draft.found = conditions.changed(draft.found, resumed)
        draft.notes.append(Note("Normal", "Resumed", "Job resumed"))
        draft.status["startTime"] = format_time(now)
        if job.spec.active_deadline_seconds is not None:
            draft.wake_in(job.spec.active_deadline_seconds)


def _scale(job: Job, census: Census, pods: Sequence[Pod], draft: _Draft, now: float) -> None:
    active = list(census.active)
    if job.spec.suspend:
        draft.delete += active
        draft.status.pop("startTime", None)
        return
    wanted = _wanted(job, census)
    draft.delete += _surplus(job, census, wanted, now)[:BURST]
    terminating = sum(1 for pod in pods if is_terminating(pod)) if policies.replaces_only_failed(job) else 0
    missing = min(wanted - (len(active) - len(draft.delete)) - terminating, BURST)
    if missing <= 0 or (draft.delete and not is_indexed(job)):
        return
    if job.spec.backoff_limit_per_index is not None:
        _create_by_index_history(job, census, pods, draft, now, missing)
        return
    wait = policies.wait_before_retry(pods, now)
    if wait > 0:
        draft.wake_in(wait)
    elif is_indexed(job):
        free = _free_indexes(job, census, pods, draft, missing)
        draft.create += [NewPod(index) for index in free]
    else:
        draft.create += [NewPod()] * missing


def _wanted(job: Job, census: Census) -> int:
    """How many Pods should run now."""
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    if job.spec.completions is None:
        return min(len(census.active), parallelism) if census.succeeded > 0 else parallelism
    remaining = job.spec.completions - census.succeeded - len(census.failed_indexes or ())
    return max(0, min(parallelism, remaining))


def _surplus(job: Job, census: Census, wanted: int, now: float) -> list[Pod]:
    """Active Pods beyond what is wanted; for indexes also twins, and Pods of indexes that need none."""
    misfits: list[Pod] = []
    proper = list(census.active)
    if is_indexed(job):
        completions = job.spec.completions or 0
        done = census.completed | (census.failed_indexes or frozenset())
        seen: set[int] = set()
        proper = []
        for pod in sorted(census.active, key=lambda p: (not _runs(p), p.metadata.name)):
            index = indexes.index_of(pod)
            if index is None or index >= completions or index in done or index in seen:
                misfits.append(pod)
            else:
                seen.add(index)
                proper.append(pod)
    extra = len(proper) - wanted
    return misfits + (first_to_go(proper, extra, census.active, now) if extra > 0 else [])


def _runs(pod: Pod) -> bool:
    return pod.status.phase == "Running"


def _free_indexes(job: Job, census: Census, pods: Sequence[Pod], draft: _Draft, count: int) -> list[int]:
    going = {pod.metadata.uid for pod in draft.delete}
    holders = [pod for pod in census.active if pod.metadata.uid not in going]
    if policies.replaces_only_failed(job):
        holders += [pod for pod in pods if is_terminating(pod)]
    held = {index for pod in holders if (index := indexes.index_of(pod)) is not None}
    taken = held | census.completed | (census.failed_indexes or frozenset())
    return indexes.first_free(count, job.spec.completions or 0, taken)


def _create_by_index_history(
    job: Job, census: Census, pods: Sequence[Pod], draft: _Draft, now: float, count: int
) -> None:
    """With a limit per index, each index waits on its own and its Pods count its failures."""
    history = counting.last_failed(pods)
    for index in _free_indexes(job, census, pods, draft, job.spec.completions or 0):
        if len(draft.create) >= count:
            return
        last = history.get(index)
        if last is None:
            draft.create.append(NewPod(index, 0))
            continue
        wait = policies.wait_before_index_retry(last, now)
        if wait > 0:
            draft.wake_in(wait)
            continue
        ignored = policies.judge(job, last).meaning is policies.Meaning.IGNORE
        failures = policies.failures_of_index(last) + (0 if ignored else 1)
        draft.create.append(NewPod(index, failures, policies.ignored_failures_of_index(last) + (1 if ignored else 0)))


def _completion(job: Job, census: Census, draft: _Draft, now: float) -> Obj | None:
    if job.spec.suspend or census.active or draft.create:
        return None
    if job.spec.completions is None:
        is_complete = census.succeeded > 0
    else:
        is_complete = census.succeeded >= job.spec.completions
    if not is_complete:
        return None
    return _condition(SUCCESS, "CompletionsReached", "Reached expected number of succeeded pods", now)


def _conclude(end: Obj, census: Census, draft: _Draft, now: float) -> None:
    """Note the decision; once no Pod runs and none is uncounted, the Job is finished."""
    if conditions.find(draft.found, end["type"]) is None:
        draft.found = [*draft.found, end]
    is_counted = not (census.uncounted_succeeded or census.uncounted_failed or census.waits or census.settled)
    if census.active or census.terminating or not is_counted:
        return
    final = _condition(_FINAL[end["type"]], end.get("reason", ""), end.get("message", ""), now)
    draft.found = [*draft.found, final]
    if end["type"] == SUCCESS:
        draft.status["completionTime"] = format_time(now)
        draft.notes.append(Note("Normal", "Completed", "Job completed"))
    else:
        draft.notes.append(Note("Warning", final["reason"], final["message"]))


def _describe(job: Job, census: Census, draft: _Draft) -> None:
    """The counts, as they stand before this plan's own deletions and creations."""
    status = draft.status
    numbers = {"active": len(census.active), "succeeded": census.counted_succeeded, "failed": census.counted_failed}
    for name, number in numbers.items():
        if number:
            status[name] = number
        else:
            status.pop(name, None)
    status["ready"] = census.ready
    status["terminating"] = census.terminating
    if is_indexed(job):
        _put(status, "completedIndexes", indexes.format_set(census.completed))
    if census.failed_indexes is not None:
        status["failedIndexes"] = indexes.format_set(census.failed_indexes)
    uncounted: Obj = {}
    if census.uncounted_succeeded:
        uncounted["succeeded"] = list(census.uncounted_succeeded)
    if census.uncounted_failed:
        uncounted["failed"] = list(census.uncounted_failed)
    status["uncountedTerminatedPods"] = uncounted
    if draft.found:
        status["conditions"] = draft.found


def _put(status: Obj, name: str, text: str) -> None:
    if text:
        status[name] = text
    else:
        status.pop(name, None)


def _condition(type: str, reason: str, message: str, now: float) -> Obj:
    stamp = format_time(now)
    return {
        "type": type,
        "status": "True",
        "lastProbeTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }
