"""The PodStatus of a pod from what the runtime holds of it: pure, so that a table of cases can say what users will
see."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.conditions import pod_conditions
from wherry.kubelet.pods.containerstatus import Report, container_statuses
from wherry.kubelet.pods.phase import TERMINAL, phase
from wherry.kubelet.pods.plan import needs_sandbox
from wherry.kubelet.pods.resources import qos_class
from wherry.kubelet.runtime.model import PodRuntime
from wherry.lib.clock import format_time

REJECTED = "Pod was rejected: "
"""How messages begin of pods that were not let in."""


class Verdict(Struct, frozen=True):
    """Why a pod was ended by the node itself: refused at admission, evicted, past its deadline."""

    phase: str
    reason: str
    message: str
    is_refusal: bool = False
    """It was never let in, so there is nothing to tell of its containers."""
    disruption: str = ""
    """What its condition DisruptionTarget says, if it was ended for the sake of others."""


def derive(
    pod: Pod, runtime: PodRuntime, report: Report, host_ips: Sequence[str], now: float, verdict: Verdict | None = None
) -> Obj:
    """The whole status, as it should be stored."""
    if not runtime.containers and (verdict.is_refusal if verdict is not None else _was_refused(report.old)):
        return _refused(pod, report.old, now, verdict)
    statuses = container_statuses(pod, runtime, report)
    found = verdict.phase if verdict else phase(pod, statuses, report.ended)
    before = report.old.get("phase", "Pending")
    if found in TERMINAL and before not in TERMINAL and not report.ended:
        found = before  # not before all that may still run has stopped, or a replacement would run beside it
    elif before in TERMINAL:
        found = before  # an ended pod does not come back
    status: Obj = {
        "phase": found,
        "startTime": report.old.get("startTime") or format_time(now),
        "qosClass": report.old.get("qosClass") or qos_class(pod),
        **statuses,
    }
    if pod.metadata.generation:
        status["observedGeneration"] = pod.metadata.generation
    if verdict is not None:
        status |= {"reason": verdict.reason, "message": verdict.message}
    elif report.old.get("reason") and before in TERMINAL:
        status |= {key: report.old[key] for key in ("reason", "message") if key in report.old}
    status.update(_addresses(pod, runtime, report.old, host_ips))
    has_sandbox = bool(runtime.sandboxes) and not needs_sandbox(pod, runtime)
    status["conditions"] = [
        *report.resize,
        *pod_conditions(pod, found, statuses, has_sandbox=has_sandbox, old=report.old.get("conditions", ()), now=now),
    ]
    if verdict is not None and verdict.disruption:
        status["conditions"].append(_disrupted(pod, verdict.disruption, report.old, now))
    return status


def _was_refused(old: Obj) -> bool:
    return old.get("phase") == "Failed" and str(old.get("message", "")).startswith(REJECTED)


def _refused(pod: Pod, old: Obj, now: float, verdict: Verdict | None) -> Obj:
    """All that is said of a pod that was turned away at the door."""
    status: Obj = {
        "phase": "Failed",
        "startTime": old.get("startTime") or format_time(now),
        "qosClass": old.get("qosClass") or qos_class(pod),
        "reason": verdict.reason if verdict is not None else old["reason"],
        "message": verdict.message if verdict is not None else old.get("message", ""),
    }
    if pod.metadata.generation:
        status["observedGeneration"] = pod.metadata.generation
    return status


def _disrupted(pod: Pod, message: str, old: Obj, now: float) -> Obj:
    before = next((each for each in old.get("conditions", ()) if each["type"] == "DisruptionTarget"), None)
    since = before["lastTransitionTime"] if before and before["status"] == "True" else format_time(now)
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "TerminationByKubelet",
        "message": message,
        "lastTransitionTime": since,
    }
    return condition | ({"observedGeneration": pod.metadata.generation} if pod.metadata.generation else {})


def _addresses(pod: Pod, runtime: PodRuntime, old: Obj, host_ips: Sequence[str]) -> Obj:
    found: Obj = {}
    if host_ips:
        found |= {"hostIP": host_ips[0], "hostIPs": [{"ip": ip} for ip in host_ips]}
    ips: Sequence[str] = runtime.sandbox.ips if runtime.sandbox else ()
    if pod.spec.host_network and runtime.sandboxes:
        ips = host_ips
    if not ips and old.get("podIPs"):
        ips = [each["ip"] for each in old["podIPs"]]
    if ips:
        found |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
    return found
