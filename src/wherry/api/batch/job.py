"""Jobs: pods that should finish, so many of them, tried so often."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.rules import not_negative, warn
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.core.podspec.template import validate_selected_template, validate_template
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, container_columns
from wherry.api.meta.conditions import is_true
from wherry.api.meta.duration import human_duration
from wherry.api.meta.labels import format_label_selector
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE
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


_MODES = ("Indexed", "NonIndexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_COUNTS = ("parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex")
RESTART_POLICIES = ("OnFailure", "Never")
_MAX = 2**31 - 1


def set_defaults(job: Obj) -> None:
    spec = job.setdefault("spec", {})
    template = spec.setdefault("template", {})
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6 if spec.get("backoffLimitPerIndex") is None else _MAX)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed")
    labels = (template.get("metadata") or {}).get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)
    template_defaults(template)


def prepare_create(job: Obj) -> None:
    """Unless its author takes care of that, a Job selects its pods by its own identity."""
    job["status"] = {}
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec.setdefault("template", {})
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels[prefix + "controller-uid"] = metadata["uid"]
        labels[prefix + "job-name"] = metadata["name"]
    selector = spec.setdefault("selector", {}).setdefault("matchLabels", {})
    selector["batch.kubernetes.io/controller-uid"] = metadata["uid"]


def validate(job: Obj) -> list[FieldError]:
    return validate_job_spec(job["spec"], "spec")


def validate_job_spec(spec: Obj, path: str, in_template: bool = False) -> list[FieldError]:
    """Of a Job, or of the template of a CronJob, which has no selector yet."""
    faults = not_negative(spec, _COUNTS, path)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and deadline < 0:
        faults.append(invalid(path + ".activeDeadlineSeconds", deadline, NOT_NEGATIVE))
    mode = spec.get("completionMode")
    if mode is not None and mode not in _MODES:
        faults.append(not_supported(path + ".completionMode", mode, _MODES))
    elif mode == "Indexed":
        if spec.get("completions") is None:
            faults.append(required(path + ".completions", "when completion mode is Indexed"))
    elif spec.get("backoffLimitPerIndex") is not None:
        why = "when backoffLimitPerIndex is specified"
        faults.append(
            invalid(
                path + ".backoffLimitPerIndex", spec["backoffLimitPerIndex"], f"requires indexed completion mode {why}"
            )
        )
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None and replacement not in _REPLACEMENTS:
        faults.append(not_supported(path + ".podReplacementPolicy", replacement, _REPLACEMENTS))
    if in_template:
        if spec.get("manualSelector"):
            faults.append(not_supported(path + ".manualSelector", True, ("nil", "false")))
        if spec.get("selector") is not None:
            faults.append(invalid(path + ".selector", spec["selector"], "`selector` will be auto-generated"))
        template_faults = validate_template(spec.get("template") or {}, path + ".template", RESTART_POLICIES)
    else:
        template_faults = validate_selected_template(spec, path, RESTART_POLICIES)
    return faults + [_as_required(fault) for fault in template_faults]


def _as_required(fault: FieldError) -> FieldError:
    """Pods of Jobs must not restart always, which is the default: so the choice must be made."""
    if fault.path.endswith(".template.spec.restartPolicy") and fault.value == "Always":
        return required(fault.path, 'valid values: "OnFailure", "Never"')
    return fault


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new["spec"], old["spec"]
    faults: list[FieldError] = []
    if spec.get("completions") != before.get("completions") and not _is_elastic(spec, before):
        faults.append(invalid("spec.completions", spec.get("completions"), IMMUTABLE))
    for field in ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"):
        if spec.get(field) != before.get(field):
            faults.append(invalid("spec." + field, spec.get(field), IMMUTABLE))
    if _settled(spec, before) != before.get("template"):
        faults.append(invalid("spec.template", spec.get("template"), IMMUTABLE))
    return faults


def _is_elastic(spec: Obj, before: Obj) -> bool:
    """Completions of an indexed Job may change together with its parallelism."""
    return before.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")


_DIRECTIVES = ("affinity", "nodeSelector", "schedulingGates", "tolerations")


def _settled(spec: Obj, before: Obj) -> Obj | None:
    """The template, with what may change before a suspended Job starts put back."""
    template, previous = spec.get("template"), before.get("template")
    if not before.get("suspend") or not template or not previous:
        return template
    inner, previous_inner = dict(template.get("spec") or {}), previous.get("spec") or {}
    for field in _DIRECTIVES:
        if field in previous_inner:
            inner[field] = previous_inner[field]
        else:
            inner.pop(field, None)
    return {**template, "spec": inner, **({"metadata": previous["metadata"]} if "metadata" in previous else {})}


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
    validate=validate,
    validate_update=validate_update,
    warnings=warn,
)
