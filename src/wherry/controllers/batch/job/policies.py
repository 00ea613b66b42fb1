"""What the failure of a Pod means to its Job, and when enough has succeeded. Pure."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from enum import Enum

from msgspec import Struct

from wherry.api.types.batch_v1 import Job, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule
from wherry.api.types.core_v1 import ContainerStatus, Pod
from wherry.controllers.batch.job import indexes

FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count"
IGNORED_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count"


class Meaning(Enum):
    """What podFailurePolicy makes of a failed Pod."""

    COUNT = "Count"
    IGNORE = "Ignore"
    FAIL_JOB = "FailJob"
    FAIL_INDEX = "FailIndex"


class Verdict(Struct, frozen=True):
    meaning: Meaning
    message: str = ""


COUNTED = Verdict(Meaning.COUNT)


def replaces_only_failed(job: Job) -> bool:
    """A Pod on its way out still holds its place until it has ended."""
    return job.spec.pod_replacement_policy == "Failed" or job.spec.pod_failure_policy is not None


def judge(job: Job, pod: Pod) -> Verdict:
    """The first rule of the Job's podFailurePolicy that fits a failed Pod; without one the failure counts.

    A Pod that only fails because its Job does is judged by what it shows so far.
    """
    policy = job.spec.pod_failure_policy
    if policy is None:
        return COUNTED
    for number, rule in enumerate(policy.rules):
        message = _matched(rule, number, pod)
        if message is not None:
            meaning = Meaning(rule.action)
            if meaning is Meaning.FAIL_INDEX and job.spec.backoff_limit_per_index is None:
                continue
            return Verdict(meaning, message)
    return COUNTED


def failures_of_index(pod: Pod) -> int:
    """How many Pods of the same index had failed before this one."""
    return _number(pod, FAILURE_COUNT)


def ignored_failures_of_index(pod: Pod) -> int:
    return _number(pod, IGNORED_COUNT)


def is_index_failed(job: Job, pod: Pod) -> bool:
    """Whether a failed Pod was its index's last chance."""
    limit = job.spec.backoff_limit_per_index
    if limit is None:
        return False
    verdict = judge(job, pod)
    if verdict.meaning is Meaning.FAIL_INDEX:
        return True
    return verdict.meaning is Meaning.COUNT and failures_of_index(pod) >= limit


def success_rule(job: Job, succeeded: Collection[int]) -> int | None:
    """The number of the first rule of successPolicy that the succeeded indexes fulfil.

    A rule all of whose indexes an elastic Job has lost is fulfilled by nothing.
    """
    if job.spec.success_policy is None or job.spec.completions is None or not succeeded:
        return None
    for number, rule in enumerate(job.spec.success_policy.rules):
        named = None
        if rule.succeeded_indexes is not None:
            named = indexes.parse_set(rule.succeeded_indexes, job.spec.completions)
        if _is_fulfilled(named, rule.succeeded_count, set(succeeded)):
            return number
    return None


def _is_fulfilled(named: AbstractSet[int] | None, count: int | None, succeeded: AbstractSet[int]) -> bool:
    """Enough of the `named` indexes (None: of any) have succeeded: `count` of them, or all."""
    if named is None:
        return count is not None and len(succeeded) >= count
    found = len(named & succeeded)
    return bool(named) and (found == len(named) or (count is not None and found >= count))


def _number(pod: Pod, annotation: str) -> int:
    try:
        return max(0, int(pod.metadata.annotations.get(annotation, "0")))
    except ValueError:
        return 0


def _matched(rule: PodFailurePolicyRule, number: int, pod: Pod) -> str | None:
    if rule.on_exit_codes is not None:
        return _matched_exit_code(rule, rule.on_exit_codes, number, pod)
    where = f"{pod.metadata.namespace}/{pod.metadata.name}"
    for condition in pod.status.conditions:
        for pattern in rule.on_pod_conditions:
            if condition.type == pattern.type and condition.status == (pattern.status or "True"):
                return f"Pod {where} has condition {pattern.type} matching {rule.action} rule at index {number}"
    return None


def _matched_exit_code(
    rule: PodFailurePolicyRule, wanted: PodFailurePolicyOnExitCodesRequirement, number: int, pod: Pod
) -> str | None:
    statuses: tuple[ContainerStatus, ...] = (*pod.status.container_statuses, *pod.status.init_container_statuses)
    for status in statuses:
        state = status.state.terminated if status.state is not None else None
        if state is None or state.exit_code == 0 or wanted.container_name not in (None, status.name):
            continue
        if (state.exit_code in wanted.values) == (wanted.operator == "In"):
            where = f"{pod.metadata.namespace}/{pod.metadata.name}"
            code = f"failed with exit code {state.exit_code}"
            return f"Container {status.name} for pod {where} {code} matching {rule.action} rule at index {number}"
    return None
