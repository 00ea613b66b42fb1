"""Whether a CronJob starts a Job now, and what it says if it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from wherry.api import Obj
from wherry.api.batch.cronjob import CRONJOBS
from wherry.api.batch.timezones import find_time_zone
from wherry.api.types.batch_v1 import CronJob
from wherry.api.types.core_v1 import ObjectReference
from wherry.controllers.batch.cronjob.timing import Missed, Timetable, due, next_look, timetable_of
from wherry.controllers.documents import plain
from wherry.controllers.notes import Note
from wherry.controllers.ownership import controller_reference
from wherry.lib.clock import format_long_time

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_ZONE_IN_SCHEDULE = (
    "CRON_TZ or TZ used in schedule {} is not officially supported, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)
_TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
_FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid"


class Plan(Struct, frozen=True):
    """At most one Job to start, and, before that, whether those that still run are to be replaced."""

    start: int | None = None
    """The time that is due."""
    replaces: bool = False
    look_again: float | None = None
    """When nothing is started: seconds until the next time."""
    timetable: Timetable | None = None
    notes: tuple[Note, ...] = ()


def plan(cron_job: CronJob, active: Sequence[ObjectReference], now: float) -> Plan:
    """`active` is the list of running Jobs as this pass knows it."""
    if cron_job.metadata.deletion_timestamp is not None:
        return Plan()
    if (unknown := _unknown_zone(cron_job)) is not None:
        return Plan(notes=(unknown,))
    if cron_job.spec.suspend:
        return Plan()
    notes: list[Note] = []
    text = cron_job.spec.schedule
    if "TZ" in text:
        notes.append(Note("Warning", "UnsupportedSchedule", _ZONE_IN_SCHEDULE.format(_quote(text))))
    try:
        timetable = timetable_of(cron_job)
    except ValueError as error:
        why = f"unparseable schedule: {_quote(text)} : {error}"
        return Plan(notes=(*notes, Note("Warning", "UnparseableSchedule", why)))
    try:
        found = due(cron_job, last_schedule(cron_job), timetable, now)
    except ValueError as error:
        return Plan(notes=(*notes, Note("Warning", "InvalidSchedule", f"invalid schedule: {text} : {error}")))
    if found.latest is not None and found.missed is Missed.MANY:
        notes.append(Note("Warning", "TooManyMissedTimes", _TOO_MANY))
    start, obstacle = _may_start(cron_job, active, found.latest, now)
    if obstacle is not None:
        notes.append(obstacle)
    look_again = None if start is not None else next_look(cron_job, last_schedule(cron_job), timetable, now)
    replaces = start is not None and cron_job.spec.concurrency_policy == "Replace"
    return Plan(start, replaces, look_again, timetable, tuple(notes))


def wait_after_change(before: CronJob, after: CronJob, now: float) -> float | None:
    """Seconds until the next time of a new schedule: those it would have had are not made up for. None: no new one."""
    if (before.spec.schedule, before.spec.time_zone) == (after.spec.schedule, after.spec.time_zone):
        return None
    try:
        timetable = timetable_of(after)
    except ValueError:
        return 0.0
    return next_look(after, last_schedule(after), timetable, now)


def _may_start(
    cron_job: CronJob, active: Sequence[ObjectReference], latest: float | None, now: float
) -> tuple[int | None, Note | None]:
    if latest is None:
        return None, None
    at = int(latest)
    deadline = cron_job.spec.starting_deadline_seconds
    if deadline is not None and at + deadline < now:
        when = format_long_time(at)
        return None, Note("Warning", "MissSchedule", f"Missed scheduled time to start a job: {when}")
    name = job_name(cron_job, at)
    if at == last_schedule(cron_job) or any(reference.name == name for reference in active):
        return None, None
    if cron_job.spec.concurrency_policy == "Forbid" and active:
        return None, Note("Normal", "JobAlreadyActive", _FORBIDDEN)
    return at, None


def last_schedule(cron_job: CronJob) -> float | None:
    last = cron_job.status.last_schedule_time
    return last.timestamp() if last is not None else None


def job_name(cron_job: CronJob, at: int) -> str:
    """The name that the Job of a minute has, whoever makes it."""
    return f"{cron_job.metadata.name}-{at // 60}"


def new_job(cron_job: CronJob, at: int) -> Obj:
    """The Job that was due at a time."""
    template = cron_job.spec.job_template
    zone = cron_job.spec.time_zone
    moment = datetime.fromtimestamp(at, find_time_zone(zone) if zone else UTC)
    stamp = moment.isoformat().replace("+00:00", "Z")
    metadata: Obj = {
        "name": job_name(cron_job, at),
        "namespace": cron_job.metadata.namespace,
        "annotations": {**template.metadata.annotations, SCHEDULED: stamp},
        "ownerReferences": [controller_reference(CRONJOBS, cron_job.metadata)],
    }
    if template.metadata.labels:
        metadata["labels"] = dict(template.metadata.labels)
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": plain(template.spec)}


def _unknown_zone(cron_job: CronJob) -> Note | None:
    zone = cron_job.spec.time_zone
    if zone is None:
        return None
    try:
        find_time_zone(zone)
    except ValueError as error:
        return Note("Warning", "UnknownTimeZone", f"invalid timeZone: {_quote(zone)}: {error}")
    return None


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
