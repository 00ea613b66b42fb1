"""Jobs: pods that should finish, so many of them, tried so often."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, container_columns
from wherry.api.meta.conditions import is_true
from wherry.api.meta.duration import human_duration
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema
from wherry.lib.clock import parse_time


def _state(job: Obj, _: float) -> Cell:
    conditions = (job.get("status") or {}).get("conditions")
    for final in ("Complete", "Failed"):
        if is_true(conditions, final):
            return final
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((name for name in ("Suspended", "FailureTarget") if is_true(conditions, name)), "Running")


def _completions(job: Obj, _: float) -> Cell:
    spec, done = job.get("spec") or {}, (job.get("status") or {}).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _duration(job: Obj, now: float) -> Cell:
    status = job.get("status") or {}
    if not status.get("startTime"):
        return ""
    end = parse_time(status["completionTime"]) if status.get("completionTime") else now
    return human_duration(end - parse_time(status["startTime"]))


JOBS = Resource(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    schema=schema("batch/v1", "Job"),
    categories=("all",),
    has_generation=True,
    default_propagation="Orphan",
    columns=(
        NAME,
        Column("Status", _state),
        Column("Completions", _completions),
        Column("Duration", _duration),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", lambda job, _: format_label_selector((job.get("spec") or {}).get("selector")), priority=1),
    ),
    fields={"status.successful": lambda job: str((job.get("status") or {}).get("succeeded") or 0)},
    subresources=(STATUS,),
)
