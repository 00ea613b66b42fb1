"""Writing a decision down: the binding of a Pod to a node, or the condition that says why there is none."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Patch
from wherry.lib.clock import format_time
from wherry.scheduler.model import PodInfo


async def bind(client: Client, pod: PodInfo, node: str) -> None:
    """Create the Binding; raises NotFound when the Pod is gone and Conflict when it has a node already."""
    binding: Obj = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.key.name, "namespace": pod.key.namespace, "uid": pod.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    await client.create(PODS, binding, pod.key.namespace, name=pod.key.name, subresource="binding")


async def mark_unschedulable(client: Client, pod: Pod, message: str, now: float) -> None:
    """Set the condition PodScheduled=False, unless it says just that already."""
    meta = pod.metadata
    current = next((condition for condition in pod.status.conditions if condition.type == "PodScheduled"), None)
    if current and (current.status, current.reason, current.message) == ("False", "Unschedulable", message):
        return
    condition: Obj = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    if meta.generation:
        condition["observedGeneration"] = meta.generation
    if current is None or current.status != "False":
        condition["lastTransitionTime"] = format_time(now)
    await client.patch(
        PODS,
        meta.name,
        {"metadata": {"uid": meta.uid}, "status": {"conditions": [condition]}},
        meta.namespace,
        type=Patch.STRATEGIC,
        subresource="status",
    )
