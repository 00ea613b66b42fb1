"""Jobs: pods that should finish, so many of them, tried so often."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.apps.rules import warn, warn_of_name
from wherry.api.batch.jobspec import set_defaults as set_spec_defaults
from wherry.api.batch.jobspec import set_job_defaults, validate_job_spec, warn_of_job, with_changes_undone
from wherry.api.batch.jobstatus import validate_status_update
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import AGE, NAME, container_columns
from wherry.api.meta.conditions import is_true
from wherry.api.meta.duration import human_duration
from wherry.api.meta.labels import SelectorError, format_label_selector, selector_of, validate_label_selector
from wherry.api.meta.names import dns1123_label_faults
from wherry.api.meta.objectmeta import IMMUTABLE
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


_PREFIX = "batch.kubernetes.io/"


def set_defaults(job: Obj) -> None:
    spec = job.setdefault("spec", {})
    set_spec_defaults(spec)
    set_job_defaults(spec)
    _label(job)


def _label(job: Obj) -> None:
    """A Job without labels has those of its pods."""
    labels = (job["spec"]["template"].get("metadata") or {}).get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)


def prepare_create(job: Obj) -> None:
    """Unless its author takes care of that, a Job selects its pods by its own identity."""
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec.setdefault("template", {})
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    for name, value in _identity(metadata, prefixed=True).items():
        labels.setdefault(name, value)
    selector = spec.setdefault("selector", {}).setdefault("matchLabels", {})
    selector.setdefault(_PREFIX + "controller-uid", metadata["uid"])
    _label(job)


def _identity(metadata: Obj, prefixed: bool) -> dict[str, str]:
    """The labels by which a Job knows its pods; the first are of old, the others are what they should have been."""
    labels: dict[str, str] = {}
    for prefix in ("", _PREFIX) if prefixed else ("",):
        labels[prefix + "controller-uid"] = metadata.get("uid") or ""
        labels[prefix + "job-name"] = metadata.get("name") or ""
    return labels


def validate_create(job: Obj) -> list[FieldError]:
    return _validate(job, prefixed=True)


def _validate(job: Obj, prefixed: bool) -> list[FieldError]:
    spec = job["spec"]
    faults = _validate_generated(job, prefixed) + validate_job_spec(spec, "spec")
    selector, labels = spec.get("selector"), _labels(spec.get("template"))
    if selector is None:
        faults.append(required("spec.selector"))
    else:
        faults += validate_label_selector(selector, "spec.selector")
    if not _selects(selector, labels):
        why = "`selector` does not match template `labels`"
        faults.append(invalid("spec.template.metadata.labels", labels, why))
    return faults + _validate_host_names(job)


def _validate_generated(job: Obj, prefixed: bool) -> list[FieldError]:
    """That nobody spoiled what identifies the pods."""
    spec, faults = job["spec"], list[FieldError]()
    selector, labels = spec.get("selector"), _labels(spec.get("template"))
    if spec.get("manualSelector") or selector is None:
        return faults
    identity = _identity(job["metadata"], prefixed)
    for name, value in identity.items():
        path, why = f"spec.template.metadata.labels[{name}]", f"must be '{value}'"
        if name not in labels:
            faults.append(required(path, why))
        elif labels[name] != value:
            faults.append(invalid(path, labels, why))
    if not _selects(selector, identity):
        faults.append(invalid("spec.selector", selector, "`selector` not auto-generated"))
    return faults


def _labels(template: Obj | None) -> dict[str, str]:
    return ((template or {}).get("metadata") or {}).get("labels") or {}


def _selects(selector: Obj | None, labels: dict[str, str]) -> bool:
    """Whether a selector that can be understood selects the labels; one that cannot is another fault."""
    try:
        return selector_of(selector).matches(labels)
    except SelectorError:
        return True


def _validate_host_names(job: Obj) -> list[FieldError]:
    """The last pod of an indexed Job has the longest name."""
    spec, name = job["spec"], job["metadata"].get("name") or ""
    completions = spec.get("completions") or 0
    if spec.get("completionMode") != "Indexed" or completions <= 0:
        return []
    longest = f"{name}-{completions - 1}"
    if not dns1123_label_faults(longest):
        return []
    return [invalid("metadata.name", name, f"will not able to create pod with invalid DNS label: {longest}")]


_SETTLED = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new["spec"], old["spec"]
    had = _labels(before.get("template"))
    faults = _validate(new, prefixed=_PREFIX + "job-name" in had and _PREFIX + "controller-uid" in had)
    faults += _validate_completions(spec, before)
    if spec.get("selector") != before.get("selector"):
        faults.append(invalid("spec.selector", spec.get("selector"), IMMUTABLE))
    faults += _validate_template_update(spec.get("template") or {}, before.get("template") or {}, old)
    return faults + [
        invalid(f"spec.{field}", spec.get(field), IMMUTABLE)
        for field in _SETTLED
        if spec.get(field) != before.get(field)
    ]


def _validate_completions(spec: Obj, before: Obj) -> list[FieldError]:
    """Completions of an indexed Job may change together with its parallelism."""
    completions, indexed = spec.get("completions"), spec.get("completionMode") == "Indexed"
    if completions == before.get("completions"):
        return []
    if not indexed:
        return [invalid("spec.completions", completions, IMMUTABLE)]
    if completions is None or completions == spec.get("parallelism"):
        return []
    return [invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")]


def _validate_template_update(template: Obj, before: Obj, old: Obj) -> list[FieldError]:
    """A suspended Job that has no pods may still learn where to run and with what resources."""
    if not _is_at_rest(old):
        return [] if template == before else [invalid("spec.template", template, IMMUTABLE)]
    pod, previous = template.get("spec") or {}, before.get("spec") or {}
    settled = with_changes_undone(pod, previous)
    return [] if settled == previous else [invalid("spec.template.spec", pod, IMMUTABLE)]


def _is_at_rest(job: Obj) -> bool:
    status = job.get("status") or {}
    stopped = not status.get("startTime") or is_true(status.get("conditions"), "Suspended")
    return bool(job["spec"].get("suspend")) and stopped and not status.get("active")


def warnings(new: Obj, old: Obj | None) -> Sequence[str]:
    return [*warn_of_name(new, old), *warn_of_job(new["spec"], "spec"), *warn(new, old)]


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
    defaults=set_defaults,
    prepare_create=prepare_create,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warnings,
)
