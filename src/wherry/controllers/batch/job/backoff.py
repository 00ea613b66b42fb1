"""How long a Job waits before it replaces failed Pods. Pure.

Ten seconds, doubling with each failure since the last success, up to ten minutes. What was counted is remembered by the
controller (`Record`); where nothing is, as after a restart, it is what the Pods tell that are still there.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.controllers.batch.job.policies import failures_of_index, ignored_failures_of_index
from wherry.controllers.podstate import is_finished

BASE_SECONDS = 10.0
MOST_SECONDS = 600.0


class Record(Struct, frozen=True):
    """Failures since the last success, and when the last of them was."""

    failures: int = 0
    last: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds before new Pods may be made."""
        return max(0.0, self.last + _delay(self.failures) - now) if self.failures else 0.0


def record(known: Record | None, pods: Collection[Pod], succeeded: Collection[Pod], failed: Collection[Pod]) -> Record:
    """The record after some Pods have newly ended; `pods` are all there are, for when nothing is `known`."""
    if known is None:
        ended = {pod.metadata.uid: pod for pod in (*(pod for pod in pods if is_finished(pod)), *failed)}
        succeeded = [pod for pod in ended.values() if pod.status.phase == "Succeeded"]
        failed = [pod for pod in ended.values() if pod.status.phase != "Succeeded"]
        known = Record()
    if not succeeded and not failed:
        return known
    times = sorted(finish_time(pod) for pod in failed)
    if not succeeded:
        return Record(known.failures + len(times), times[-1])
    last_success = max(finish_time(pod) for pod in succeeded)
    later = [time for time in times if time > last_success]
    return Record(len(later), later[-1]) if later else Record()


def wait_for_index(last: Pod, now: float) -> float:
    """Seconds before an index gets another Pod after its `last` one failed."""
    failures = failures_of_index(last) + ignored_failures_of_index(last) + 1
    return Record(failures, finish_time(last)).wait(now)


def exceeded_by_restarts(job: Job, pods: Collection[Pod]) -> bool:
    """With restartPolicy OnFailure, restarts inside Pods count against the back-off limit too."""
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    restarts = sum(
        status.restart_count
        for pod in pods
        if pod.status.phase in ("Running", "Pending")
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    )
    return restarts > 0 if limit == 0 else restarts >= limit


def finish_time(pod: Pod) -> float:
    """When the Pod ended, as well as it tells: its containers, its readiness, its deletion, at worst its creation."""
    if (ended := _containers_end(pod)) is not None:
        return ended
    for condition in pod.status.conditions:
        if condition.type == "Ready" and condition.status == "False" and condition.last_transition_time is not None:
            return condition.last_transition_time.timestamp()
    if pod.metadata.deletion_timestamp is not None:
        return pod.metadata.deletion_timestamp.timestamp() - (pod.metadata.deletion_grace_period_seconds or 0)
    created = pod.metadata.creation_timestamp
    return created.timestamp() if created is not None else 0.0


def _containers_end(pod: Pod) -> float | None:
    """When the last container ended, sidecars included; None if some has not."""
    sidecars = {each.name for each in pod.spec.init_containers if each.restart_policy == "Always"}
    beside = [each for each in pod.status.init_container_statuses if each.name in sidecars]
    last: float | None = None
    for status in (*pod.status.container_statuses, *beside):
        end = status.state.terminated if status.state is not None else None
        if end is None or end.finished_at is None:
            return None
        last = max(last or 0.0, end.finished_at.timestamp())
    return last


def _delay(failures: int) -> float:
    return min(BASE_SECONDS * 2.0 ** min(failures - 1, 20), MOST_SECONDS)
