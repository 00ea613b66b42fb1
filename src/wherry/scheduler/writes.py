"""Writing a decision down: the binding of a Pod to a node, or the condition that says why there is none."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Patch
from wherry.lib.clock import format_time
from wherry.scheduler.model import PodInfo

UNSCHEDULABLE, ERROR = "Unschedulable", "SchedulerError"


async def bind(client: Client, pod: PodInfo, node: str) -> None:
    """Create the Binding; raises NotFound when the Pod is gone and Conflict when it has a node already."""
    await client.create(PODS, binding(pod, node), pod.key.namespace, name=pod.key.name, subresource="binding")


def binding(pod: PodInfo, node: str) -> Obj:
    """The object that binds a Pod to a node."""
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.key.name, "namespace": pod.key.namespace, "uid": pod.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }


async def mark_unschedulable(
    client: Client, pod: Pod, message: str, now: float, *, reason: str = UNSCHEDULABLE, nominated: str | None = None
) -> None:
    """Set the condition PodScheduled=False, unless it says just that already; `nominated` is promised if given."""
    meta = pod.metadata
    status: Obj = {}
    if nominated is not None and nominated != (pod.status.nominated_node_name or ""):
        status["nominatedNodeName"] = nominated or None
    current = next((condition for condition in pod.status.conditions if condition.type == "PodScheduled"), None)
    if current is None or (current.status, current.reason, current.message) != ("False", reason, message):
        condition: Obj = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        if meta.generation:
            condition["observedGeneration"] = meta.generation
        if current is None or current.status != "False":
            condition["lastTransitionTime"] = format_time(now)
        status["conditions"] = [condition]
    if status:
        await _patch(client, pod, status)


async def nominate(client: Client, pod: Pod, node: str) -> None:
    """Tell others where the Pod is going to be, while what it needs there is being prepared."""
    if pod.status.nominated_node_name != node:
        await _patch(client, pod, {"nominatedNodeName": node})


async def clear_nomination(client: Client, pod: Pod) -> None:
    """Promise the Pod nothing any more."""
    if pod.status.nominated_node_name:
        await _patch(client, pod, {"nominatedNodeName": None})


async def mark_disrupted(client: Client, pod: Pod, message: str, now: float) -> None:
    """Say in a victim's status why it ends, as podFailurePolicy reads it."""
    condition: Obj = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": message,
        "lastTransitionTime": format_time(now),
    }
    if pod.metadata.generation:
        condition["observedGeneration"] = pod.metadata.generation
    await _patch(client, pod, {"conditions": [condition]})


async def _patch(client: Client, pod: Pod, status: Obj) -> None:
    meta = pod.metadata
    patch: Obj = {"metadata": {"uid": meta.uid}, "status": status}
    await client.patch(PODS, meta.name, patch, meta.namespace, type=Patch.STRATEGIC, subresource="status")
