"""What a Pod's status means to whoever controls it. Pure."""

from __future__ import annotations

from wherry.api.types.core_v1 import Pod, PodCondition


def is_active(pod: Pod) -> bool:
    """Neither finished nor on its way out: it counts as a replica."""
    return not is_finished(pod) and pod.metadata.deletion_timestamp is None


def is_finished(pod: Pod) -> bool:
    return phase(pod) in ("Succeeded", "Failed")


def is_terminating(pod: Pod) -> bool:
    """Being deleted and still running."""
    return pod.metadata.deletion_timestamp is not None and not is_finished(pod)


def may_use_volumes(pod: Pod) -> bool:
    """Whether it runs or may still run; otherwise what it had mounted may be unmounted."""
    if is_finished(pod):
        return False
    status = pod.status
    statuses = (*status.init_container_statuses, *status.container_statuses, *status.ephemeral_container_statuses)
    has_stopped = all(one.state is None or one.state.running is None for one in statuses)
    return pod.metadata.deletion_timestamp is None or not has_stopped


def phase(pod: Pod) -> str:
    return pod.status.phase or ""


def condition(pod: Pod, type: str) -> PodCondition | None:
    for found in pod.status.conditions:
        if found.type == type:
            return found
    return None


def is_ready(pod: Pod) -> bool:
    ready = condition(pod, "Ready")
    return ready is not None and ready.status == "True"


def ready_since(pod: Pod) -> float | None:
    """When it became ready, in seconds since the epoch; None when it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready.status != "True" or ready.last_transition_time is None:
        return None
    return ready.last_transition_time.timestamp()


def is_available(pod: Pod, min_ready_seconds: int, now: float) -> bool:
    """Ready for long enough."""
    if not is_ready(pod):
        return False
    if min_ready_seconds == 0:
        return True
    since = ready_since(pod)
    return since is not None and since + min_ready_seconds <= now


def available_in(pod: Pod, min_ready_seconds: int, now: float) -> float | None:
    """Seconds until a ready Pod becomes available; None when it is available already or not ready."""
    since = ready_since(pod)
    if min_ready_seconds == 0 or since is None or since + min_ready_seconds <= now:
        return None
    return since + min_ready_seconds - now


def creation_time(pod: Pod) -> float:
    created = pod.metadata.creation_timestamp
    return created.timestamp() if created is not None else 0.0


def node_name(pod: Pod) -> str:
    return pod.spec.node_name or ""
