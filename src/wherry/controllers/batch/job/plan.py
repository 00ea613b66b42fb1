"""What a Job does next: is it over and why, which Pods to create and delete, and what its status says.

A pass has two halves with a value between them. `plan` decides from what is seen. Once its Pods are made and deleted,
its status written and finalizers taken off, `conclude` says what that makes of the status: UIDs become numbers, and a
Job that has nothing left to count or to wait for is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.controllers import conditions
from wherry.controllers.batch.job import backoff, counting, indexes, policies
from wherry.controllers.batch.job.backoff import Record
from wherry.controllers.batch.job.counting import Census, Ending, is_indexed
from wherry.controllers.batch.job.ending import FAILURE, FINAL, SUCCESS, condition, find_end, is_complete, reached
from wherry.controllers.documents import plain
from wherry.controllers.notes import Note
from wherry.controllers.podranking import ranked_plainly
from wherry.controllers.podstate import is_ready, is_terminating
from wherry.lib.clock import format_time

BURST = 500
SUSPENDED = "Suspended"


class NewPod(Struct, frozen=True):
    """A Pod to create; the index and the failures before it, where the Job has indexes."""

    index: int | None = None
    failures: int | None = None
    ignored_failures: int = 0


class Plan(Struct, frozen=True):
    """Carried out in this order: deletions and creations, the status, finalizers; then `conclude`."""

    status: Obj
    """As it is once all that is to be created and deleted has been."""
    record: Record
    settle: tuple[Pod, ...] = ()
    delete: tuple[Pod, ...] = ()
    """Pods of a Job that is over: they are counted, and only then lose their finalizer."""
    remove: tuple[Pod, ...] = ()
    """Pods that there are too many of: they lose their finalizer first and count for nothing."""
    create: tuple[NewPod, ...] = ()
    notes: tuple[Note, ...] = ()
    look_again: float | None = None
    end: Obj | None = None
    """Why the Job is over."""
    has_rest: bool = False


class _Draft(Struct):
    """A plan in the making."""

    status: Obj
    found: list[Obj]
    delete: list[Pod] = field(default_factory=list)
    remove: list[Pod] = field(default_factory=list)
    create: list[NewPod] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    look_again: float | None = None

    def wake_in(self, seconds: float) -> None:
        self.look_again = seconds if self.look_again is None else min(self.look_again, seconds)


def is_finished(job: Job) -> bool:
    return any(c.type in ("Complete", "Failed") and c.status == "True" for c in job.status.conditions)


def plan(
    job: Job,
    pods: Sequence[Pod],
    now: float,
    *,
    may_scale: bool,
    known: Record | None = None,
    freed: AbstractSet[str] = frozenset(),
) -> Plan:
    """The next step of a Job that has not finished. `may_scale` is False while own writes are on their way.

    `known` is the record of failures so far, `freed` are Pods that are settled although their view does not show it.
    """
    status = plain(job.status)
    draft = _Draft(status, list(status.get("conditions", ())))
    census = counting.take(job, pods, ending=_known_ending(draft.found), freed=freed)
    counting_pods = [pod for pod in pods if counting.belongs(job, pod)]
    record = backoff.record(known, counting_pods, census.newly_succeeded, census.newly_failed)
    if "startTime" not in status and not job.spec.suspend:
        status["startTime"] = format_time(now)
    end, look_again = find_end(job, census, pods, draft.found, now)
    if look_again is not None:
        draft.wake_in(look_again)
    if end is not None:
        draft.delete += census.active
        if not may_scale:
            end = None  # There may be Pods that are not seen yet.
    elif may_scale:
        is_going = job.metadata.deletion_timestamp is not None
        if not is_going:
            _scale(job, census, pods, draft, record, now)
        if is_complete(job, census, _left(census, draft)):
            end = reached(now)
        elif not is_going:
            _suspend_or_resume(job, draft, now)
    if end is not None:
        census = counting.take(job, pods, ending=_ending(end), freed=freed)
        if not conditions.is_true(draft.found, end["type"]):
            _set(draft, end)
    _describe(job, census, draft)
    return Plan(
        status=draft.status,
        record=record,
        settle=census.settled,
        delete=tuple(draft.delete),
        remove=tuple(draft.remove),
        create=tuple(draft.create),
        notes=tuple(draft.notes),
        look_again=draft.look_again,
        end=end,
        has_rest=census.has_rest,
    )


def created(decided: Plan, number: int) -> Plan:
    """The plan when only so many of its new Pods could be made."""
    missing = len(decided.create) - number
    return replace(decided, status=_with(decided.status, active=decided.status.get("active", 0) - missing))


def conclude(job: Job, decided: Plan, freed: AbstractSet[str], now: float) -> tuple[Obj, tuple[Note, ...]]:
    """The status once the finalizers of `freed` Pods are off, and the Events that go with it."""
    status = _counted(job, decided.status, freed)
    uncounted = status.get("uncountedTerminatedPods") or {}
    if decided.end is None or decided.has_rest or uncounted or status.get("terminating") or status.get("active"):
        return status, ()
    end = decided.end
    final = condition(FINAL[end["type"]], end.get("reason", ""), end.get("message", ""), now)
    status["conditions"] = conditions.placed(status.get("conditions", ()), final)
    if end["type"] == FAILURE:
        return status, (Note("Warning", final["reason"], final["message"]),)
    status["completionTime"] = format_time(now)
    notes = [Note("Normal", "Completed", "Job completed")]
    if job.spec.completions is not None and status.get("succeeded", 0) > job.spec.completions:
        text = "Too many succeeded pods running after completion count reached"
        notes.insert(0, Note("Warning", "TooManySucceededPods", text))
    return status, tuple(notes)


def _known_ending(found: Sequence[Obj]) -> Ending:
    if conditions.is_true(found, SUCCESS):
        return Ending.SUCCESS
    return Ending.FAILURE if conditions.is_true(found, FAILURE) else Ending.NOT_YET


def _ending(end: Obj) -> Ending:
    return Ending.SUCCESS if end["type"] == SUCCESS else Ending.FAILURE


def _left(census: Census, draft: _Draft) -> int:
    """How many Pods run once the plan is carried out."""
    return len(census.active) - len(draft.delete) - len(draft.remove) + len(draft.create)


def _suspend_or_resume(job: Job, draft: _Draft, now: float) -> None:
    known = conditions.find(draft.found, SUSPENDED)
    is_suspended = known is not None and known.get("status") == "True"
    if job.spec.suspend and not is_suspended:
        _set(draft, condition(SUSPENDED, "JobSuspended", "Job suspended", now))
        draft.notes.append(Note("Normal", "Suspended", "Job suspended"))
    elif not job.spec.suspend and is_suspended:
        _set(draft, {**condition(SUSPENDED, "JobResumed", "Job resumed", now), "status": "False"})
        draft.notes.append(Note("Normal", "Resumed", "Job resumed"))
        draft.status["startTime"] = format_time(now)
        if job.spec.active_deadline_seconds is not None:
            draft.wake_in(job.spec.active_deadline_seconds)


def _set(draft: _Draft, new: Obj) -> None:
    """Where the former of its type stands, with a new time."""
    types = [each["type"] for each in draft.found]
    if new["type"] in types:
        draft.found[types.index(new["type"])] = new
    else:
        draft.found.append(new)


def _scale(job: Job, census: Census, pods: Sequence[Pod], draft: _Draft, record: Record, now: float) -> None:
    """Either delete or create; deletions come first."""
    if job.spec.suspend:
        draft.remove += census.active
        draft.status.pop("startTime", None)
        return
    wanted = _wanted(job, census)
    draft.remove += _surplus(job, census, wanted)[:BURST]
    if draft.remove:
        return
    terminating = sum(1 for pod in pods if is_terminating(pod)) if policies.replaces_only_failed(job) else 0
    missing = min(wanted - len(census.active) - terminating, BURST)
    if missing <= 0:
        return
    if job.spec.backoff_limit_per_index is not None:
        _create_by_index_history(job, census, pods, draft, now, missing)
    elif (wait := record.wait(now)) > 0:
        draft.wake_in(wait)
    elif is_indexed(job):
        draft.create += [NewPod(index) for index in _free_indexes(job, census, pods, missing)]
    else:
        draft.create += [NewPod()] * missing


def _wanted(job: Job, census: Census) -> int:
    """How many Pods should run now."""
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    if job.spec.completions is None:
        return len(census.active) if census.succeeded > 0 else parallelism
    return max(0, min(parallelism, job.spec.completions - census.succeeded))


def _surplus(job: Job, census: Census, wanted: int) -> list[Pod]:
    """Active Pods beyond what is wanted; for indexes also twins, and Pods of indexes that the Job does not have."""
    misfits: list[Pod] = []
    proper = list(census.active)
    if is_indexed(job):
        completions = job.spec.completions or 0
        seen: set[int] = set()
        proper = []
        for pod in reversed(ranked_plainly(census.active)):
            index = indexes.index_of(pod)
            if index is None or index >= completions or index in seen:
                misfits.append(pod)
            else:
                seen.add(index)
                proper.append(pod)
    extra = len(proper) - wanted
    return misfits + (ranked_plainly(proper)[:extra] if extra > 0 else [])


def _free_indexes(job: Job, census: Census, pods: Sequence[Pod], count: int) -> list[int]:
    """The lowest indexes that have neither ended nor a Pod."""
    holders = list(census.active)
    if policies.replaces_only_failed(job):
        holders += [pod for pod in pods if is_terminating(pod)]
    held = {index for pod in holders if (index := indexes.index_of(pod)) is not None}
    taken = held | census.completed | (census.failed_indexes or frozenset())
    return indexes.first_free(count, job.spec.completions or 0, taken)


def _create_by_index_history(
    job: Job, census: Census, pods: Sequence[Pod], draft: _Draft, now: float, count: int
) -> None:
    """With a limit per index, each index waits on its own and its Pods count its failures."""
    history = counting.last_failed(job, pods)
    for index in _free_indexes(job, census, pods, count):
        last = history.get(index)
        if last is None:
            draft.create.append(NewPod(index, 0))
            continue
        wait = backoff.wait_for_index(last, now)
        if wait > 0:
            draft.wake_in(wait)
            continue
        ignored = policies.judge(job, last).meaning is policies.Meaning.IGNORE
        failures = policies.failures_of_index(last) + (0 if ignored else 1)
        draft.create.append(NewPod(index, failures, policies.ignored_failures_of_index(last) + (1 if ignored else 0)))


def _describe(job: Job, census: Census, draft: _Draft) -> None:
    """The counts, as they stand once the plan is carried out."""
    gone = [*draft.delete, *draft.remove]
    status = _with(
        draft.status,
        active=_left(census, draft),
        succeeded=census.counted_succeeded,
        failed=census.counted_failed,
    )
    status["ready"] = census.ready - sum(1 for pod in gone if is_ready(pod))
    status["terminating"] = census.terminating + len(gone)
    if is_indexed(job):
        _put(status, "completedIndexes", indexes.format_set(census.completed))
    if census.failed_indexes is not None:
        status["failedIndexes"] = indexes.format_set(census.failed_indexes)
    status["uncountedTerminatedPods"] = _uncounted(census.uncounted_succeeded, census.uncounted_failed)
    if draft.found:
        status["conditions"] = draft.found
    draft.status = status


def _counted(job: Job, status: Obj, freed: AbstractSet[str]) -> Obj:
    """UIDs of Pods that are free become numbers; successes of indexed Jobs are numbers already."""
    noted = status.get("uncountedTerminatedPods") or {}
    ok, bad = noted.get("succeeded", ()), noted.get("failed", ())
    left_ok, left_bad = ([uid for uid in uids if uid not in freed] for uids in (ok, bad))
    counted = _with(
        status,
        succeeded=status.get("succeeded", 0) + len(ok) - len(left_ok),
        failed=status.get("failed", 0) + len(bad) - len(left_bad),
    )
    counted["uncountedTerminatedPods"] = _uncounted(left_ok, left_bad)
    return counted


def _uncounted(succeeded: Sequence[str], failed: Sequence[str]) -> Obj:
    noted: Obj = {}
    if succeeded:
        noted["succeeded"] = list(succeeded)
    if failed:
        noted["failed"] = list(failed)
    return noted


def _with(status: Obj, **numbers: int) -> Obj:
    """A copy with numbers, of which zeros are left out."""
    changed = dict(status)
    for name, number in numbers.items():
        if number:
            changed[name] = number
        else:
            changed.pop(name, None)
    return changed


def _put(status: Obj, name: str, text: str) -> None:
    if text:
        status[name] = text
    else:
        status.pop(name, None)
