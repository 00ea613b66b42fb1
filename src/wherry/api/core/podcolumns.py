"""What `kubectl get pods` shows: a pod's state in one word, which is spread over a dozen fields.

The rules and their order are upstream's; scripts depend on the words.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, elapsed, text
from wherry.api.meta.conditions import find_condition, is_true
from wherry.api.resource import Cell, Column

Status = dict[str, Any]


class Summary(Struct, frozen=True):
    """A pod's containers, added up."""

    ready: int
    total: int
    reason: str
    restarts: int
    last_restart: str


def summarize(pod: Obj) -> Summary:
    """Add up the states of all containers, init containers first."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    reason = _pod_reason(status)
    sidecars = {c.get("name") for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    ready, restarts, sidecar_restarts, last, sidecar_last = 0, 0, 0, "", ""
    initializing = False
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        restarts += container.get("restartCount") or 0
        last = max(last, _finished(container))
        is_sidecar = container.get("name") in sidecars
        if is_sidecar:
            sidecar_restarts += container.get("restartCount") or 0
            sidecar_last = max(sidecar_last, _finished(container))
        state = container.get("state") or {}
        if "terminated" in state and not state["terminated"].get("exitCode"):
            continue
        if is_sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        reason = _init_reason(state, index, len(spec.get("initContainers") or ()))
        initializing = True
        break
    if not initializing or is_true(status.get("conditions"), "Initialized"):
        restarts, last = sidecar_restarts, sidecar_last
        running = False
        for container in reversed(status.get("containerStatuses") or ()):
            restarts += container.get("restartCount") or 0
            last = max(last, _finished(container))
            state = container.get("state") or {}
            found = _container_reason(state)
            if found:
                reason = found
            elif container.get("ready") and "running" in state:
                running = True
                ready += 1
        if reason == "Completed" and running:
            reason = "Running" if is_true(status.get("conditions"), "Ready") else "NotReady"
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return Summary(ready, total, reason, restarts, last)


def _pod_reason(status: Status) -> str:
    scheduled = find_condition(status.get("conditions"), "PodScheduled")
    if scheduled and scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return status.get("reason") or status.get("phase") or ""


def _finished(container: Status) -> str:
    terminated = (container.get("lastState") or {}).get("terminated") or {}
    return terminated.get("finishedAt") or ""


def _init_reason(state: Status, index: int, total: int) -> str:
    if "terminated" in state:
        return "Init:" + _end(state["terminated"])
    waiting = (state.get("waiting") or {}).get("reason")
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{total}"


def _container_reason(state: Status) -> str:
    waiting: str = (state.get("waiting") or {}).get("reason") or ""
    if waiting:
        return waiting
    return _end(state["terminated"]) if "terminated" in state else ""


def _end(terminated: Status) -> str:
    if reason := terminated.get("reason"):
        return str(reason)
    if signal := terminated.get("signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _ready(pod: Obj, _: float) -> Cell:
    summary = summarize(pod)
    return f"{summary.ready}/{summary.total}"


def _restarts(pod: Obj, now: float) -> Cell:
    summary = summarize(pod)
    if summary.restarts and summary.last_restart:
        return f"{summary.restarts} ({elapsed(summary.last_restart, now)} ago)"
    return str(summary.restarts)


def _ip(pod: Obj, _: float) -> Cell:
    addresses = (pod.get("status") or {}).get("podIPs")
    return (addresses[0].get("ip") if addresses else "") or NONE


def _readiness_gates(pod: Obj, _: float) -> Cell:
    gates = (pod.get("spec") or {}).get("readinessGates")
    if not gates:
        return NONE
    conditions = (pod.get("status") or {}).get("conditions")
    open_gates = sum(is_true(conditions, gate.get("conditionType") or "") for gate in gates)
    return f"{open_gates}/{len(gates)}"


COLUMNS = (
    NAME,
    Column("Ready", _ready, description="The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", lambda pod, _: summarize(pod).reason, description="The aggregate status of the containers."),
    Column("Restarts", _restarts, description="The number of times the containers in this pod have been restarted."),
    AGE,
    Column("IP", _ip, priority=1),
    Column("Node", text("spec.nodeName", NONE), priority=1),
    Column("Nominated Node", text("status.nominatedNodeName", NONE), priority=1),
    Column("Readiness Gates", _readiness_gates, priority=1),
)
