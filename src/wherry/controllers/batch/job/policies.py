"""What the failure of a Pod means to its Job, and when enough has succeeded. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from wherry.api.types.batch_v1 import Job, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule
from wherry.api.types.core_v1 import ContainerStateTerminated, ContainerStatus, Pod
from wherry.controllers.batch.job import indexes
from wherry.controllers.podstate import is_finished

FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count"
IGNORED_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count"

BACKOFF_BASE = 10.0
BACKOFF_CAP = 600.0


class Meaning(Enum):
    """What podFailurePolicy makes of a failed Pod."""

    COUNT = "Count"
    IGNORE = "Ignore"
    FAIL_JOB = "FailJob"
    FAIL_INDEX = "FailIndex"


@dataclass(frozen=True, slots=True)
class Verdict:
    meaning: Meaning
    message: str = ""


COUNTED = Verdict(Meaning.COUNT)


def replaces_only_failed(job: Job) -> bool:
    """A Pod on its way out still holds its place until it has ended."""
    return job.spec.pod_replacement_policy == "Failed" or job.spec.pod_failure_policy is not None


def judge(job: Job, pod: Pod) -> Verdict:
    """The first rule of the Job's podFailurePolicy that fits a failed Pod; without one the failure counts."""
    policy = job.spec.pod_failure_policy
    if policy is None or pod.status.phase != "Failed":
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
    """The number of the first rule of successPolicy that the succeeded indexes fulfil."""
    if job.spec.success_policy is None or job.spec.completions is None:
        return None
    for number, rule in enumerate(job.spec.success_policy.rules):
        wanted = set(succeeded)
        if rule.succeeded_indexes is not None:
            named = indexes.parse_set(rule.succeeded_indexes, job.spec.completions)
            wanted &= named
            needed = len(named) if rule.succeeded_count is None else rule.succeeded_count
        else:
            needed = rule.succeeded_count or 0
        if len(wanted) >= needed:
            return number
    return None


def restarts_exceed_limit(job: Job, pods: Collection[Pod]) -> bool:
    """With restartPolicy OnFailure, restarts inside Pods count against the back-off limit too."""
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    limit = job.spec.backoff_limit or 0
    restarts = sum(
        status.restart_count
        for pod in pods
        if pod.status.phase in ("Running", "Pending")
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    )
    return restarts > 0 if limit == 0 else restarts >= limit


def wait_before_retry(pods: Collection[Pod], now: float) -> float:
    """Seconds to wait before new Pods, after the failures that came since the last success."""
    finished = sorted(
        ((finish_time(pod), pod.status.phase == "Failed") for pod in pods if is_finished(pod)), reverse=True
    )
    failures = 0
    for _, is_failure in finished:
        if not is_failure:
            break
        failures += 1
    if failures == 0:
        return 0.0
    return max(0.0, finished[0][0] + _backoff(failures) - now)


def wait_before_index_retry(last: Pod, now: float) -> float:
    """Seconds to wait before an index gets another Pod after its `last` one failed."""
    failures = failures_of_index(last) + ignored_failures_of_index(last) + 1
    return max(0.0, finish_time(last) + _backoff(failures) - now)


def finish_time(pod: Pod) -> float:
    """When the Pod ended, as well as its status tells."""
    ends = [state.finished_at.timestamp() for state in _terminations(pod) if state.finished_at is not None]
    if ends:
        return max(ends)
    for condition in pod.status.conditions:
        if condition.type == "Ready" and condition.last_transition_time is not None:
            return condition.last_transition_time.timestamp()
    if pod.metadata.deletion_timestamp is not None:
        return pod.metadata.deletion_timestamp.timestamp()
    created = pod.metadata.creation_timestamp
    return created.timestamp() if created is not None else 0.0


def _backoff(failures: int) -> float:
    return min(BACKOFF_BASE * 2.0 ** min(failures - 1, 20), BACKOFF_CAP)


def _number(pod: Pod, annotation: str) -> int:
    try:
        return max(0, int(pod.metadata.annotations.get(annotation, "0")))
    except ValueError:
        return 0


def _terminations(pod: Pod) -> list[ContainerStateTerminated]:
    statuses = pod.status.container_statuses
    return [s.state.terminated for s in statuses if s.state is not None and s.state.terminated is not None]


def _matched(rule: PodFailurePolicyRule, number: int, pod: Pod) -> str | None:
    if rule.on_exit_codes is not None:
        return _matched_exit_code(rule, rule.on_exit_codes, number, pod)
    where = f"{pod.metadata.namespace}/{pod.metadata.name}"
    for pattern in rule.on_pod_conditions:
        for condition in pod.status.conditions:
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
