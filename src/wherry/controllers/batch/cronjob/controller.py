"""Carries a CronJob's plan out.

A firing costs one Job and two writes of the status: when the Job starts, and when it has ended. Nothing else that
happens to a Job is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import Obj, errors
from wherry.api.batch.cronjob import CRONJOBS
from wherry.api.batch.job import JOBS
from wherry.api.types.batch_v1 import CronJob, Job
from wherry.api.types.core_v1 import ObjectReference
from wherry.api.types.decoding import convert
from wherry.client import Informer, Key
from wherry.controllers.batch.cronjob.history import Survey, outcome_of, surplus, survey
from wherry.controllers.batch.cronjob.plan import Plan, last_schedule, new_job, plan, wait_after_change
from wherry.controllers.batch.cronjob.timing import next_look
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.notes import Note
from wherry.controllers.ownership import children, index_by_controller, is_controlled_by, key_of, owner_keys
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.controllers.statuswrites import StatusWrites
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


class State(Struct, frozen=True):
    cron_jobs: Informer[CronJob]
    jobs: Informer[Job]
    written: StatusWrites
    making: set[Key] = field(default_factory=set)
    """Jobs that are being made: that they come is no surprise."""


class _Ledger(Struct, frozen=True):
    """What the status will say."""

    active: tuple[ObjectReference, ...]
    scheduled: float | None
    succeeded: float | None

    def without(self, uid: str | None) -> _Ledger:
        return replace(self, active=tuple(reference for reference in self.active if reference.uid != uid))


def start(deps: Deps) -> State:
    jobs = deps.client.informer(JOBS, Job)
    index_by_controller(jobs)
    return State(deps.client.informer(CRONJOBS, CronJob), jobs, StatusWrites())


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    cron_job = state.cron_jobs.get(key)
    if cron_job is None:
        return DONE
    jobs = children(state.jobs, cron_job.metadata)
    ledger = _Ledger(cron_job.status.active, last_schedule(cron_job), None)
    failure: Exception | None = None
    look_again: float | None = None
    try:
        ledger = await _clean_up(cron_job, jobs, ledger, deps)
        ledger = await _settle(cron_job, jobs, ledger, deps)
        decided = plan(cron_job, ledger.active, deps.clock.time())
        for note in decided.notes:
            _note(cron_job, note, deps)
        look_again = decided.look_again
        if decided.start is not None:
            ledger, look_again = await _start(cron_job, decided, decided.start, ledger, deps)
    except _Interrupted as interrupted:
        ledger, failure = interrupted.ledger, interrupted.cause
    await _write_status(cron_job, ledger, deps)
    if failure is not None:
        raise failure
    return Result(look_again)


class _Interrupted(Exception):
    """The pass cannot go on, but what it has found out so far is to be written."""

    def __init__(self, ledger: _Ledger, cause: Exception) -> None:
        super().__init__(str(cause))
        self.ledger = ledger
        self.cause = cause


async def _clean_up(cron_job: CronJob, jobs: Sequence[Job], ledger: _Ledger, deps: Deps) -> _Ledger:
    """Delete Jobs that have ended beyond the limits."""
    for job in surplus(cron_job, jobs):
        if job.metadata.deletion_timestamp is None and await _delete(cron_job, job.metadata.name, deps) is None:
            ledger = ledger.without(job.metadata.uid)
    return ledger


async def _settle(cron_job: CronJob, jobs: Sequence[Job], ledger: _Ledger, deps: Deps) -> _Ledger:
    """Take those that have ended or gone off the list."""
    found = survey(cron_job, jobs, ledger.active)
    if found.unlisted:
        ledger, found = await _reread(cron_job, jobs, ledger, deps)
    for job in found.unlisted:
        message = f"Saw a job that the controller did not create or forgot: {job.metadata.name}"
        deps.events.event(cron_job, "Warning", "UnexpectedJob", message)
    for job, outcome in found.ended:
        message = f"Saw completed job: {job.metadata.name}, condition: {outcome}"
        deps.events.event(cron_job, "Normal", "SawCompletedJob", message)
        ledger = ledger.without(job.metadata.uid)
    ledger = replace(ledger, succeeded=found.succeeded)
    for reference in found.missing:
        if await _is_gone(reference, ledger, deps):
            deps.events.event(cron_job, "Normal", "MissingJob", f"Active job went missing: {reference.name}")
            ledger = ledger.without(reference.uid)
    return ledger


async def _reread(cron_job: CronJob, jobs: Sequence[Job], ledger: _Ledger, deps: Deps) -> tuple[_Ledger, Survey]:
    """Ask the API itself: the cache may show a Job before the status that lists it."""
    try:
        fresh = await deps.client.get(CRONJOBS, cron_job.metadata.name, cron_job.metadata.namespace)
    except errors.ApiError as error:
        raise _Interrupted(ledger, error) from None
    listed = convert(CronJob, fresh).status.active
    ours = {job.metadata.uid for job in jobs}
    known = {reference.uid for reference in ledger.active}
    added = tuple(one for one in listed if one.uid in ours and one.uid not in known)
    ledger = replace(ledger, active=(*ledger.active, *added))
    return ledger, survey(cron_job, jobs, ledger.active)


async def _is_gone(reference: ObjectReference, ledger: _Ledger, deps: Deps) -> bool:
    try:
        await deps.client.get(JOBS, reference.name or "", reference.namespace or "")
    except errors.NotFound:
        return True
    except errors.ApiError as error:
        raise _Interrupted(ledger, error) from None
    return False


async def _start(
    cron_job: CronJob, decided: Plan, at: int, ledger: _Ledger, deps: Deps
) -> tuple[_Ledger, float | None]:
    """Make the Job that is due; returns when to look again."""
    if decided.replaces:
        ledger = await _replace(cron_job, ledger, deps)
    job = await _create(cron_job, at, ledger, deps)
    if job is None or any(reference.uid == job["metadata"]["uid"] for reference in ledger.active):
        return ledger, None
    ledger = replace(ledger, active=(*ledger.active, _reference(job)), scheduled=float(at))
    if decided.timetable is None:
        return ledger, None
    return ledger, next_look(cron_job, float(at), decided.timetable, deps.clock.time())


async def _replace(cron_job: CronJob, ledger: _Ledger, deps: Deps) -> _Ledger:
    for reference in ledger.active:
        name = reference.name or ""
        try:
            await deps.client.get(JOBS, name, cron_job.metadata.namespace)
        except errors.ApiError as error:
            deps.events.event(cron_job, "Warning", "FailedGet", f"Get job: {error.message}")
            raise _Interrupted(ledger, error) from None
        if (failure := await _delete(cron_job, name, deps)) is not None:
            raise _Interrupted(ledger, failure)
        ledger = ledger.without(reference.uid)
    return ledger


async def _create(cron_job: CronJob, at: int, ledger: _Ledger, deps: Deps) -> Obj | None:
    """The Job of a time, made now or found made; None when the one of that name is somebody else's."""
    namespace = cron_job.metadata.namespace
    wanted = new_job(cron_job, at)
    making: set[Key] = deps.state.making
    key = Key(namespace, wanted["metadata"]["name"])
    making.add(key)
    try:
        job = await deps.client.create(JOBS, wanted, namespace)
    except errors.AlreadyExists:
        found = await deps.client.get(JOBS, wanted["metadata"]["name"], namespace)
        deps.enqueue(key_of(cron_job.metadata))  # it may have ended long ago, and will not say so again
        return found if is_controlled_by(convert(Job, found).metadata, cron_job.metadata.uid) else None
    except errors.ApiError as error:
        if not is_namespace_terminating(error):
            deps.events.event(cron_job, "Warning", "FailedCreate", f"Error creating job: {error.message}")
        raise _Interrupted(ledger, error) from None
    finally:
        making.discard(key)
    deps.events.event(cron_job, "Normal", "SuccessfulCreate", f"Created job {key.name}")
    return job


async def _delete(cron_job: CronJob, name: str, deps: Deps) -> errors.ApiError | None:
    """Delete a Job and, later, its Pods; returns why that failed."""
    try:
        await deps.client.delete(JOBS, name, cron_job.metadata.namespace, propagation="Background")
    except errors.ApiError as error:
        deps.events.event(cron_job, "Warning", "FailedDelete", f"Deleted job: {error.message}")
        return error
    deps.events.event(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name}")
    return None


async def _write_status(cron_job: CronJob, ledger: _Ledger, deps: Deps) -> None:
    """The resource version guards the list: it is made of what this pass read."""
    old = plain(cron_job.status)
    new: Obj = {}
    if ledger.active:
        new["active"] = [plain(reference) for reference in ledger.active]
    if ledger.scheduled is not None:
        new["lastScheduleTime"] = format_time(ledger.scheduled)
    if ledger.succeeded is not None:
        new["lastSuccessfulTime"] = format_time(ledger.succeeded)
    elif "lastSuccessfulTime" in old:
        new["lastSuccessfulTime"] = old["lastSuccessfulTime"]
    patch = status_patch(old, new, cron_job.metadata.resource_version)
    if patch is not None:
        metadata = cron_job.metadata
        deps.state.written.expect(metadata.uid, new)
        await deps.client.patch(CRONJOBS, metadata.name, patch, metadata.namespace, subresource="status")


def _reference(job: Obj) -> ObjectReference:
    metadata = job["metadata"]
    return ObjectReference(
        api_version="batch/v1",
        kind="Job",
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
    )


def _note(cron_job: CronJob, note: Note, deps: Deps) -> None:
    deps.events.event(cron_job, note.type, note.reason, note.message)


def _of_own(old: CronJob | None, new: CronJob | None, deps: Deps) -> Iterable[Key]:
    if old is not None and new is not None and old.metadata.uid == new.metadata.uid:
        wait = wait_after_change(old, new, deps.clock.time())
        if wait is not None:
            deps.enqueue_after(key_of(new.metadata), wait)
            return ()
    written: StatusWrites = deps.state.written
    return written.news(old, new)


def _of_job(old: Job | None, new: Job | None, deps: Deps) -> Iterable[Key]:
    """A Job that came, ended, changed hands, or went while it ran."""
    if old is not None and new is not None:
        is_same_owner = old.metadata.owner_references == new.metadata.owner_references
        is_known = is_same_owner and outcome_of(old) == outcome_of(new)
    elif new is not None:
        is_known = key_of(new.metadata) in deps.state.making
    else:
        is_known = old is not None and outcome_of(old) != ""
    if is_known:
        return ()
    return owner_keys("CronJob", old, new)


CONTROLLER = Controller(
    name="cronjob-controller",
    reconciles=CRONJOBS,
    view=CronJob,
    reconcile=reconcile,
    reads=(Watch(CRONJOBS, CronJob, _of_own), Watch(JOBS, Job, _of_job)),
    writes=("cronjobs.batch/status", "jobs.batch"),
    start=start,
    hears_own=False,
)
