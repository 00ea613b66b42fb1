"""CronJobs: Jobs by the calendar."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, UNSET, container_columns, since, size, text
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import STATUS, Cell, Column, Resource, lookup
from wherry.api.schema import schema


def _suspended(cron_job: Obj, _: float) -> Cell:
    suspend = (cron_job.get("spec") or {}).get("suspend")
    return UNSET if suspend is None else str(bool(suspend))


def _selector(cron_job: Obj, _: float) -> Cell:
    return format_label_selector(lookup(cron_job, ".spec.jobTemplate.spec.selector"))


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
)
