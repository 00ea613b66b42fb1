"""What the status of a Job may say: it adds up, and what has ended stays so.

A Job may be run by a controller of somebody else (`managedBy`), so clients rely on these rules, not on the controller.
Most of them hold only for what a write changes: a status that the rules have overtaken can still be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wherry.api import Obj
from wherry.api.apps.rules import not_negative
from wherry.api.batch.jobindexes import count_indexes, first_overlap
from wherry.api.field import OMITTED, FieldError, duplicate, invalid, required
from wherry.api.meta.conditions import find_condition, is_true
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.lib.clock import parse_time

Status = dict[str, Any]
Faults = Iterator[FieldError]

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")
_TERMINAL = ("Failed", "Complete", "FailureTarget")


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    status, before, spec = new.get("status") or {}, old.get("status") or {}, new["spec"]
    faults = not_negative(status, _COUNTS, "status")
    for rule in _RULES:
        faults += rule(status, before, spec)
    return faults


def _has(status: Status, condition: str) -> bool:
    return is_true(status.get("conditions"), condition)


def _is_finished(status: Status) -> bool:
    return _has(status, "Complete") or _has(status, "Failed")


def _turned(status: Status, before: Status, *conditions: str) -> bool:
    return any(_has(status, condition) != _has(before, condition) for condition in conditions)


def _changed(status: Status, before: Status, *fields: str) -> bool:
    return any((status.get(field) or None) != (before.get(field) or None) for field in fields)


def _uncounted(status: Status, before: Status, _: Status) -> Faults:
    seen: set[str] = set()
    for field in ("succeeded", "failed"):
        for index, uid in enumerate((status.get("uncountedTerminatedPods") or {}).get(field) or ()):
            path = f"status.uncountedTerminatedPods.{field}[{index}]"
            if not uid:
                yield invalid(path, uid, "must not be empty")
            elif uid in seen:
                yield duplicate(path, uid)
            seen.add(uid)


def _exclusive(status: Status, before: Status, _: Status) -> Faults:
    if not _has(status, "Complete"):
        return
    if _turned(status, before, "Complete", "Failed") and _has(status, "Failed"):
        yield _conditions("cannot set Complete=True and Failed=true conditions")
    if _turned(status, before, "Complete", "FailureTarget") and _has(status, "FailureTarget"):
        yield _conditions("cannot set Complete=True and FailureTarget=true conditions")


def _conditions(why: str) -> FieldError:
    return invalid("status.conditions", OMITTED, why)


def _times(status: Status, before: Status, _: Status) -> Faults:
    start, end, path = status.get("startTime"), status.get("completionTime"), "status.completionTime"
    if _turned(status, before, "Complete") or _changed(status, before, "completionTime"):
        if end and not _has(status, "Complete"):
            yield invalid(path, end, "cannot set completionTime when there is no Complete=True condition")
        if not end and _has(status, "Complete"):
            yield required(path, "completionTime is required for Complete jobs")
    moved = _changed(status, before, "startTime", "completionTime")
    if moved and start and end and parse_time(end) < parse_time(start):
        yield invalid(path, end, "must be equal to or after `startTime`")


def _reasons(status: Status, before: Status, _: Status) -> Faults:
    failing = _turned(status, before, "Failed") or _changed(status, before, "failedIndexes")
    if failing and _has(status, "Failed") and not _has(status, "FailureTarget"):
        yield _conditions("cannot set Failed=True condition without the FailureTarget=true condition")
    succeeding = _turned(status, before, "Complete", "SuccessCriteriaMet")
    if succeeding and _has(status, "Complete") and not _has(status, "SuccessCriteriaMet"):
        yield _conditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition")


def _finished(status: Status, before: Status, spec: Status) -> Faults:
    if not _is_finished(status):
        return
    ended, active = not _is_finished(before), status.get("active") or 0
    if active > 0 and (ended or _changed(status, before, "active")):
        yield invalid("status.active", active, "active>0 is invalid for finished job")
    never_starts = spec.get("suspend") is True and spec.get("completions") == 0
    if not status.get("startTime") and (ended or _changed(status, before, "startTime")) and not never_starts:
        yield required("status.startTime", "startTime is required for finished job")
    pods = status.get("uncountedTerminatedPods") or {}
    if any(pods.values()) and (ended or _changed(status, before, "uncountedTerminatedPods")):
        yield invalid("status.uncountedTerminatedPods", pods, "must be empty for finished job")


def _indexes(status: Status, before: Status, spec: Status) -> Faults:
    completed, failed = status.get("completedIndexes") or "", status.get("failedIndexes")
    new_completed, new_failed = _changed(status, before, "completedIndexes"), failed != before.get("failedIndexes")
    completions = spec.get("completions")
    if new_completed and completions is not None:
        yield from _unreadable(completed, completions, "completedIndexes")
    if new_failed and None not in (completions, spec.get("backoffLimitPerIndex"), failed):
        yield from _unreadable(failed, completions, "failedIndexes")
    if new_completed and completed and spec.get("completionMode") != "Indexed":
        why = "cannot set non-empty completedIndexes when non-indexed completion mode"
        yield invalid("status.completedIndexes", completed, why)
    if new_failed and failed is not None and spec.get("backoffLimitPerIndex") is None:
        why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        yield invalid("status.failedIndexes", failed, why)
    if (new_failed or new_completed) and completions is not None and failed is not None:
        shared = first_overlap(completed, failed, completions)
        if shared is not None:
            why = f"failedIndexes and completedIndexes overlap at index: {shared}"
            yield invalid("status.failedIndexes", failed, why)


def _unreadable(text: Any, completions: Any, field: str) -> Faults:
    try:
        count_indexes(text, completions)
    except ValueError as error:
        yield invalid(f"status.{field}", text, f"error parsing {field}: {error}")


def _pods(status: Status, before: Status, _: Status) -> Faults:
    ended = _is_finished(status) and not _is_finished(before)
    terminating, ready, active = status.get("terminating") or 0, status.get("ready"), status.get("active") or 0
    if terminating > 0 and _is_finished(status) and (ended or _changed(status, before, "terminating")):
        yield invalid("status.terminating", terminating, "terminating>0 is invalid for finished job")
    if ready is not None and ready > active and _changed(status, before, "ready", "active"):
        yield invalid("status.ready", ready, "cannot set more ready pods than active")


def _success(status: Status, before: Status, spec: Status) -> Faults:
    if _has(status, "SuccessCriteriaMet"):
        if _has(status, "Failed"):
            yield _conditions("cannot set SuccessCriteriaMet=True and Failed=true conditions")
        if _has(status, "FailureTarget"):
            yield _conditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
    elif spec.get("successPolicy") is not None and _has(status, "Complete"):
        yield _conditions("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")


def _terminal(status: Status, before: Status, _: Status) -> Faults:
    for condition in _TERMINAL:
        if _has(before, condition) and not _has(status, condition):
            yield _conditions(f"cannot disable the terminal {condition}=True condition")


def _counters(status: Status, before: Status, spec: Status) -> Faults:
    """An indexed Job may shrink, and what had succeeded with it."""
    shrinks = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for field in ("failed", "succeeded"):
        now = status.get(field) or 0
        if now < (before.get(field) or 0) and (field == "failed" or not shrinks):
            yield invalid(f"status.{field}", now, f"cannot decrease the {field} counter")


def _settled_times(status: Status, before: Status, spec: Status) -> Faults:
    end, start = status.get("completionTime"), status.get("startTime")
    if end and before.get("completionTime") and end != before["completionTime"]:
        yield invalid("status.completionTime", end, IMMUTABLE)
    suspended = find_condition(status.get("conditions"), "Suspended")
    resumes = _has(before, "Suspended") and suspended is not None and suspended.get("status") == "False"
    if before.get("startTime") and start != before["startTime"] and not resumes and not spec.get("suspend"):
        yield invalid("status.startTime", start, "field is immutable for unsuspended job once set")


def _settled_success(status: Status, before: Status, _: Status) -> Faults:
    if _has(before, "SuccessCriteriaMet"):
        if not _has(status, "SuccessCriteriaMet"):
            yield _conditions("cannot disable the SuccessCriteriaMet=True condition")
    elif _has(before, "Complete") and _has(status, "SuccessCriteriaMet"):
        yield _conditions("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")


Rule = Callable[[Status, Status, Status], Faults]
"""(status, the status before, specification) -> what is wrong."""
_RULES: tuple[Rule, ...] = (
    _uncounted,
    _exclusive,
    _times,
    _reasons,
    _finished,
    _indexes,
    _pods,
    _success,
    _terminal,
    _counters,
    _settled_times,
    _settled_success,
)
