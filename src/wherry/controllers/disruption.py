"""Says in a Pod's status that the cluster, not the Pod itself, is the reason for its end."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import to_obj
from wherry.controllers.conditions import changed
from wherry.lib.clock import format_time
from wherry.reconcile.controller import Deps

CONDITION = "DisruptionTarget"


async def mark_disrupted(deps: Deps, pod: Pod, reason: str, message: str, phase: str = "") -> None:
    """Add the condition `DisruptionTarget` (podFailurePolicy reads it), and set the phase where nobody else will."""
    condition = {
        "type": CONDITION,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(deps.clock.time()),
        "observedGeneration": pod.metadata.generation,
    }
    before: list[Obj] = [to_obj(found) for found in pod.status.conditions]
    status: Obj = {"conditions": changed(before, condition)}
    if phase:
        status |= {"phase": phase, "observedGeneration": pod.metadata.generation}
    patch = {"metadata": {"uid": pod.metadata.uid}, "status": status}
    await deps.client.patch(PODS, pod.metadata.name, patch, pod.metadata.namespace, subresource="status")
