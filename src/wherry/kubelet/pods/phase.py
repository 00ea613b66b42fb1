"""A pod's phase from its containers' statuses. Pure; upstream: getPhase."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.restart import is_sidecar, restart_policy

TERMINAL = ("Succeeded", "Failed")


def phase(pod: Pod, statuses: dict[str, list[Obj]], ended: bool) -> str:
    """`ended`: nothing of the pod runs and nothing will be started again."""
    inits = {status["name"]: status for status in statuses.get("initContainerStatuses", ())}
    regular = [inits.get(each.name) for each in pod.spec.init_containers if not is_sidecar(each)]
    sidecars = [inits.get(each.name) for each in pod.spec.init_containers if is_sidecar(each)]
    failed_init = sum(_has_failed(status) for status in regular)
    pending_init = sum(_is_pending_init(status) for status in regular)
    pending_init += sum(status is None or (not status["started"] and not _has_run(status)) for status in sidecars)
    counts = _count(pod, statuses.get("containerStatuses", ()))
    if failed_init and restart_policy(pod) == "Never":
        return "Failed"
    if pending_init and not counts.has_begun:
        return "Failed" if ended and failed_init else "Pending"
    return _by_counts(pod, counts, ended)


class _Counts:
    __slots__ = ("running", "stopped", "succeeded", "unknown", "waiting")

    def __init__(self) -> None:
        self.running = self.stopped = self.succeeded = self.unknown = self.waiting = 0

    @property
    def has_begun(self) -> bool:
        return bool(self.running or self.stopped)


def _count(pod: Pod, statuses: Sequence[Obj]) -> _Counts:
    counts = _Counts()
    by_name = {status["name"]: status for status in statuses}
    for container in pod.spec.containers:
        status = by_name.get(container.name)
        state = status["state"] if status else {}
        if "running" in state:
            counts.running += 1
        elif "terminated" in state:
            counts.stopped += 1
            counts.succeeded += state["terminated"].get("exitCode", 0) == 0
        elif "waiting" in state and status is not None:
            if status.get("lastState", {}).get("terminated"):
                counts.stopped += 1
            else:
                counts.waiting += 1
        else:
            counts.unknown += 1
    return counts


def _by_counts(pod: Pod, counts: _Counts, ended: bool) -> str:
    if counts.waiting:
        return "Pending" if not ended else "Failed"
    if counts.running and not counts.unknown:
        return "Running"
    if counts.stopped and not counts.running and not counts.unknown:
        if not ended and restart_policy(pod) == "Always":
            return "Running"
        if counts.stopped == counts.succeeded:
            return "Succeeded"
        return "Failed" if ended or restart_policy(pod) == "Never" else "Running"
    return "Pending"


def _has_failed(status: Obj | None) -> bool:
    if status is None:
        return False
    ended = status["state"].get("terminated")
    if ended is None and "waiting" in status["state"]:
        ended = status.get("lastState", {}).get("terminated")
    return ended is not None and ended.get("exitCode", 0) != 0


def _is_pending_init(status: Obj | None) -> bool:
    return status is None or "terminated" not in status["state"] or _has_failed(status)


def _has_run(status: Obj) -> bool:
    return "terminated" in status["state"] or bool(status.get("lastState", {}).get("terminated"))
