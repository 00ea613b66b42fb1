"""The specification of a Job, of one of its own and of one in a CronJob's template."""

from __future__ import annotations

from typing import Any

from wherry.api.apps.rules import not_negative
from wherry.api.batch.jobpolicies import validate_failure_policy, validate_success_policy
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.core.podspec.template import validate_template
from wherry.api.field import FieldError, invalid, not_supported, required, too_long
from wherry.api.meta.domainpath import validate_domain_prefixed_path

Spec = dict[str, Any]
Faults = list[FieldError]

ANY_RESTART = ("Always", "OnFailure", "Never")
"""The template's own rules let all of them pass; the Job's follow."""
_MODES = ("NonIndexed", "Indexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_MAX = 2**31 - 1
_MOST = 100_000
"""Pods at once, failed indexes, and completions without further limits, of an indexed Job."""
_FEWER = 10_000
"""The same of one with more completions and a limit for each index."""
_MAX_MANAGER = 63


def set_defaults(spec: Spec) -> None:
    """What both a Job and the template of one get."""
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            if not pattern.get("status"):
                pattern["status"] = "True"
    template_defaults(spec.setdefault("template", {}))


def set_job_defaults(spec: Spec) -> None:
    """What only a Job gets."""
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6 if spec.get("backoffLimitPerIndex") is None else _MAX)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    replacement = "Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", replacement)
    spec.setdefault("manualSelector", False)


def validate_job_spec(spec: Spec, path: str) -> Faults:
    """Everything but the selector."""
    faults = not_negative(spec, _COUNTS, path)
    mode, indexed = spec.get("completionMode"), spec.get("completionMode") == "Indexed"
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        faults.append(required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if (manager := spec.get("managedBy")) is not None:
        faults += _validate_manager(manager, path + ".managedBy")
    if mode is not None and mode not in _MODES:
        faults.append(not_supported(path + ".completionMode", mode, _MODES))
    if indexed:
        faults += _validate_indexed(spec, path)
    elif mode in (None, "NonIndexed"):
        faults += [
            invalid(f"{path}.{field}", spec[field], "requires indexed completion mode")
            for field in ("backoffLimitPerIndex", "maxFailedIndexes")
            if spec.get(field) is not None
        ]
    faults += _validate_policies(spec, path, indexed)
    template = spec.get("template") or {}
    faults += validate_template(template, path + ".template", ANY_RESTART)
    return faults + _validate_restart(spec, template.get("spec") or {}, path + ".template.spec.restartPolicy")


def _validate_indexed(spec: Spec, path: str) -> Faults:
    faults: Faults = []
    completions, parallelism, failed = spec.get("completions"), spec.get("parallelism"), spec.get("maxFailedIndexes")
    if completions is None:
        faults.append(required(path + ".completions", "when completion mode is Indexed"))
    if parallelism is not None and parallelism > _MOST:
        why = f"must be less than or equal to {_MOST} when completion mode is Indexed"
        faults.append(invalid(path + ".parallelism", parallelism, why))
    if completions is not None and failed is not None and failed > completions:
        faults.append(invalid(path + ".maxFailedIndexes", failed, "must be less than or equal to completions"))
    if failed is not None and failed > _MOST:
        faults.append(invalid(path + ".maxFailedIndexes", failed, f"must be less than or equal to {_MOST}"))
    if completions is None or completions <= _MOST or spec.get("backoffLimitPerIndex") is None:
        return faults
    if failed is None:
        why = f"must be specified when completions is above {_MOST}"
        faults.append(required(path + ".maxFailedIndexes", why))
    why = f"must be less than or equal to {_FEWER} when completions are above {_MOST}"
    why += " and used with backoff limit per index"
    for field, value in (("parallelism", parallelism), ("maxFailedIndexes", failed)):
        if value is not None and value > _FEWER:
            faults.append(invalid(f"{path}.{field}", value, why))
    return faults


def _validate_manager(manager: str, path: str) -> Faults:
    """`example.com/controller`: who takes care of the Job."""
    faults = validate_domain_prefixed_path(manager, path)
    if len(manager) > _MAX_MANAGER:
        faults.append(too_long(path, _MAX_MANAGER))
    return faults


def _validate_policies(spec: Spec, path: str, indexed: bool) -> Faults:
    faults: Faults = []
    failure, success, replacement = (
        spec.get(name) for name in ("podFailurePolicy", "successPolicy", "podReplacementPolicy")
    )
    if failure is not None:
        faults += validate_failure_policy(spec, path + ".podFailurePolicy")
    if success is not None and not indexed:
        faults.append(invalid(path + ".successPolicy", success, "requires indexed completion mode"))
    elif success is not None:
        faults += validate_success_policy(success, spec.get("completions") or 0, path + ".successPolicy")
    supported = _REPLACEMENTS if failure is None else ("Failed",)
    if replacement is not None and replacement not in supported:
        faults.append(not_supported(path + ".podReplacementPolicy", replacement, supported))
    return faults


def _validate_restart(spec: Spec, pod: Spec, path: str) -> Faults:
    """Pods of Jobs must not restart always, which is the default: so the choice must be made."""
    policy = pod.get("restartPolicy") or ""
    if policy in ("", "Always"):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ANY_RESTART:
        return [not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


_DIRECTIVES = ("nodeSelector", "schedulingGates", "tolerations")


def with_changes_undone(pod: Spec, before: Spec) -> Spec:
    """The template's specification with what a Job at rest may change put back."""
    undone = dict(pod)
    for field in _DIRECTIVES:
        _put_back(undone, before, field)
    if _without_nodes(pod.get("affinity")) == _without_nodes(before.get("affinity")):
        _put_back(undone, before, "affinity")
    for field in ("containers", "initContainers"):
        now, then = pod.get(field) or [], before.get(field) or []
        if [c.get("name") for c in now] == [c.get("name") for c in then] and now:
            undone[field] = [dict(container) for container in now]
            for container, previous in zip(undone[field], then, strict=True):
                _put_back(container, previous, "resources")
    return undone


def _without_nodes(affinity: Spec | None) -> Spec:
    return {field: value for field, value in (affinity or {}).items() if field != "nodeAffinity"}


def _put_back(new: Spec, old: Spec, field: str) -> None:
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)


def warn_of_job(spec: Spec, path: str) -> list[str]:
    """Of more indexes than can be kept track of."""
    if spec.get("completionMode") != "Indexed":
        return []
    if (spec.get("completions") or 0) <= _MOST or (spec.get("parallelism") or 0) <= _FEWER:
        return []
    why = (
        "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
        "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
    )
    return [f"{path}: {why}"]
