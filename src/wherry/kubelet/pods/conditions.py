"""A pod's conditions, with upstream's reasons and messages. Pure.

Only the conditions the kubelet owns are made here; others in the status (readiness gates, DisruptionTarget) are read.
"""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.resizing import CONDITIONS
from wherry.kubelet.pods.restart import is_sidecar
from wherry.lib.clock import format_time

OWNED = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", *CONDITIONS)


def pod_conditions(
    pod: Pod, phase: str, statuses: dict[str, list[Obj]], *, has_sandbox: bool, old: Sequence[Obj], now: float
) -> list[Obj]:
    """The conditions the kubelet owns, in upstream's order, with transition times carried over where nothing
    changed."""
    containers_ready = _containers_ready(pod, phase, statuses)
    made = [
        _condition("PodReadyToStartContainers", has_sandbox),
        _initialized(pod, phase, statuses.get("initContainerStatuses", []), statuses),
        _ready(pod, phase, containers_ready, old),
        containers_ready,
        _condition("PodScheduled", True),
    ]
    before = {each["type"]: each for each in old}
    for each in made:
        each["lastProbeTime"] = None
        was = before.get(each["type"])
        is_same = was is not None and was.get("status") == each["status"]
        each["lastTransitionTime"] = was["lastTransitionTime"] if was is not None and is_same else format_time(now)
        if pod.metadata.generation:
            each["observedGeneration"] = pod.metadata.generation
    return made


def _condition(type: str, holds: bool, reason: str = "", message: str = "") -> Obj:
    condition: Obj = {"type": type, "status": "True" if holds else "False"}
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _initialized(pod: Pod, phase: str, statuses: list[Obj], everything: dict[str, list[Obj]]) -> Obj:
    inits = pod.spec.init_containers
    by_name = {status["name"]: status for status in statuses}
    unknown, incomplete = [], []
    for container in inits:
        status = by_name.get(container.name)
        if status is None:
            unknown.append(container.name)
        elif not (status["started"] if is_sidecar(container) else status["ready"]):
            incomplete.append(container.name)
    if phase == "Succeeded" and not unknown:
        return _condition("Initialized", True, "PodCompleted")
    has_begun = any(
        "running" in each["state"] or "terminated" in each["state"] or each["lastState"]
        for each in everything.get("containerStatuses", [])
    )
    if has_begun or not (unknown or incomplete):
        return _condition("Initialized", True)
    return _condition("Initialized", False, "ContainersNotInitialized", _complaint(unknown, incomplete, "incomplete"))


def _containers_ready(pod: Pod, phase: str, statuses: dict[str, list[Obj]]) -> Obj:
    known = {
        status["name"]: status
        for name in ("initContainerStatuses", "containerStatuses")
        for status in statuses.get(name, [])
    }
    unknown, unready = [], []
    for container in (*(each for each in pod.spec.init_containers if is_sidecar(each)), *pod.spec.containers):
        status = known.get(container.name)
        if status is None:
            unknown.append(container.name)
        elif not status["ready"]:
            unready.append(container.name)
    if phase == "Succeeded" and not unknown:
        return _condition("ContainersReady", False, "PodCompleted")
    if phase == "Failed" and not unknown:
        return _condition("ContainersReady", False, "PodFailed")
    if unknown or unready:
        return _condition("ContainersReady", False, "ContainersNotReady", _complaint(unknown, unready, "unready"))
    return _condition("ContainersReady", True)


def _ready(pod: Pod, phase: str, containers_ready: Obj, old: Sequence[Obj]) -> Obj:
    if containers_ready["status"] != "True":
        return {**containers_ready, "type": "Ready"}
    given = {each["type"]: each.get("status") for each in old}
    complaints = []
    for gate in pod.spec.readiness_gates:
        status = given.get(gate.condition_type)
        if status is None:
            complaints.append(f'corresponding condition of pod readiness gate "{gate.condition_type}" does not exist.')
        elif status != "True":
            complaints.append(f'the status of pod readiness gate "{gate.condition_type}" is not "True", but {status}')
    if complaints:
        return _condition("Ready", False, "ReadinessGatesNotReady", ", ".join(complaints))
    return _condition("Ready", True)


def _complaint(unknown: list[str], others: list[str], what: str) -> str:
    parts = []
    if unknown:
        parts.append(f"containers with unknown status: [{' '.join(unknown)}]")
    if others:
        parts.append(f"containers with {what} status: [{' '.join(others)}]")
    return ", ".join(parts)
