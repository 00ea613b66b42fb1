"""CronJobs: Jobs by the calendar."""

from __future__ import annotations

import re

from wherry.api import Obj
from wherry.api.apps.rules import not_negative
from wherry.api.batch.job import validate_job_spec
from wherry.api.batch.schedule import parse_schedule
from wherry.api.core.podspec.template import set_defaults as template_defaults
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


def set_defaults(cron_job: Obj) -> None:
    spec = cron_job.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template_defaults(((spec.get("jobTemplate") or {}).get("spec") or {}).get("template"))


def validate(cron_job: Obj) -> list[FieldError]:
    """The name leaves room for the time that is appended to it for each Job."""
    spec, name = cron_job["spec"], cron_job["metadata"].get("name") or ""
    faults: list[FieldError] = []
    schedule = spec.get("schedule") or ""
    if not schedule:
        faults.append(required("spec.schedule"))
    else:
        try:
            parse_schedule(schedule)
        except ValueError as error:
            faults.append(invalid("spec.schedule", schedule, str(error)))
        if "TZ" in schedule:
            why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            faults.append(invalid("spec.schedule", schedule, why))
    faults += _validate_time_zone(spec.get("timeZone"))
    faults += not_negative(spec, ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"))
    if spec["concurrencyPolicy"] not in _POLICIES:
        faults.append(not_supported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _POLICIES))
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    faults += validate_job_spec(job, "spec.jobTemplate.spec", in_template=True)
    if len(name) > _MAX_NAME:
        faults.append(invalid("metadata.name", name, f"must be no more than {_MAX_NAME} characters"))
    return faults


_ZONE = re.compile(r"[A-Za-z._][A-Za-z0-9._+-]*(/[A-Za-z0-9._+-]+)*\Z")


def _validate_time_zone(zone: str | None) -> list[FieldError]:
    if zone is None:
        return []
    if not zone:
        return [invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        return [
            invalid(
                "spec.timeZone",
                zone,
                "timeZone must be an explicit time zone as defined in the IANA time zone database",
            )
        ]
    return [] if _ZONE.match(zone) else [invalid("spec.timeZone", zone, f"unknown time zone {zone}")]


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
    validate=validate,
)
