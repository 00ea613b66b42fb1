"""CronJobs: Jobs by the calendar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.apps.rules import not_negative, warn_of_name
from wherry.api.batch.jobspec import set_defaults as set_spec_defaults
from wherry.api.batch.jobspec import validate_job_spec, warn_of_job
from wherry.api.batch.schedule import parse_schedule
from wherry.api.batch.timezones import find_time_zone
from wherry.api.core.podspec.warnings import warn_of_template
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, NONE, UNSET, container_columns, since, size, text
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import STATUS, Cell, Column, Resource, lookup
from wherry.api.schema import schema


def _suspended(cron_job: Obj, _: float) -> Cell:
    suspend = (cron_job.get("spec") or {}).get("suspend")
    return UNSET if suspend is None else str(bool(suspend))


def _selector(cron_job: Obj, _: float) -> Cell:
    return format_label_selector(lookup(cron_job, ".spec.jobTemplate.spec.selector"))


_POLICIES = ("Allow", "Forbid", "Replace")
_MAX_NAME = 52
_ZONE_PART = re.compile(r"[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}\Z")


def set_defaults(cron_job: Obj) -> None:
    spec = cron_job.setdefault("spec", {})
    if not spec.get("concurrencyPolicy"):
        spec["concurrencyPolicy"] = "Allow"
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    set_spec_defaults(job)


def validate_create(cron_job: Obj) -> list[FieldError]:
    """The name leaves room for the time that is appended to it for each Job."""
    name = cron_job["metadata"].get("name") or ""
    faults = _validate_spec(cron_job["spec"], {})
    if len(name) > _MAX_NAME:
        faults.append(invalid("metadata.name", name, f"must be no more than {_MAX_NAME} characters"))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return _validate_spec(new["spec"], old["spec"])


def _validate_spec(spec: Obj, before: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    zone = spec.get("timeZone")
    if schedule := spec.get("schedule"):
        faults += _validate_schedule(schedule, zone, _names_zone(before.get("schedule") or ""))
    else:
        faults.append(required("spec.schedule"))
    faults += not_negative(spec, ("startingDeadlineSeconds",))
    if zone is not None and zone != before.get("timeZone"):
        faults += _validate_zone(zone, "spec.timeZone")
    if spec["concurrencyPolicy"] not in _POLICIES:
        faults.append(not_supported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _POLICIES))
    faults += _validate_job(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec")
    return faults + not_negative(spec, ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"))


def _names_zone(schedule: str) -> bool:
    return "TZ" in schedule


def _validate_schedule(schedule: str, zone: str | None, is_old_style: bool) -> list[FieldError]:
    """A time zone in the schedule itself is put up with only where it has always been."""
    faults: list[FieldError] = []
    try:
        parse_schedule(schedule)
    except ValueError as error:
        faults.append(invalid("spec.schedule", schedule, str(error)))
    if not _names_zone(schedule):
        return faults
    if not is_old_style:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        faults.append(invalid("spec.schedule", schedule, why))
    elif zone is not None:
        why = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        faults.append(invalid("spec.schedule", schedule, why))
    return faults


def _validate_zone(zone: str, path: str) -> list[FieldError]:
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    if any(part in (".", "..") or not _ZONE_PART.match(part) for part in zone.split("/")):
        return [invalid(path, zone, f"unknown time zone {zone}")]
    faults: list[FieldError] = []
    if zone.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        faults.append(invalid(path, zone, why))
    try:
        if zone != "Local":
            find_time_zone(zone)
    except ValueError as error:
        faults.append(invalid(path, zone, str(error)))
    return faults


def _validate_job(job: Obj, path: str) -> list[FieldError]:
    faults = validate_job_spec(job, path)
    if job.get("selector") is not None:
        faults.append(invalid(path + ".selector", job["selector"], "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        faults.append(not_supported(path + ".manualSelector", True, ("nil", "false")))
    return faults


def warnings(new: Obj, old: Obj | None) -> Sequence[str]:
    path, job = "spec.jobTemplate.spec", new["spec"]["jobTemplate"]["spec"]
    before = lookup(old, ".spec.jobTemplate.spec.template") if old else None
    found = [*warn_of_name(new, old), *warn_of_job(job, path)]
    found += warn_of_template(job.get("template"), before, path + ".template")
    if old is not None and _names_zone(new["spec"].get("schedule") or ""):
        found.append(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        )
    return found


CRONJOBS = Resource(
    group="batch",
    version="v1",
    kind="CronJob",
    plural="cronjobs",
    schema=schema("batch/v1", "CronJob"),
    short_names=("cj",),
    categories=("all",),
    has_generation=True,
    columns=(
        NAME,
        Column("Schedule", text("spec.schedule")),
        Column("Timezone", text("spec.timeZone", NONE)),
        Column("Suspend", _suspended, "boolean"),
        Column("Active", size("status.active"), "integer"),
        Column("Last Schedule", since("status.lastScheduleTime", NONE)),
        AGE,
        *container_columns("spec.jobTemplate.spec.template.spec.containers"),
        Column("Selector", _selector, priority=1),
    ),
    subresources=(STATUS,),
    defaults=set_defaults,
    validate_create=validate_create,
    validate_update=validate_update,
    warnings=warnings,
)
