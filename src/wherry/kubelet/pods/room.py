"""Whether a node has room for a pod beside others. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.resources import byte_count, milli_cpu, pod_requests


def active_beside(pod: Pod, others: Iterable[Pod]) -> list[Pod]:
    """Those of the others that take room: neither the pod itself nor what has come to its end."""
    return [each for each in others if each.metadata.uid != pod.metadata.uid and each.status.phase not in TERMINAL]


def shortage(pod: Pod, active: Iterable[Pod], node: NodeView) -> tuple[str, int, int, int] | None:
    """(resource, requested, used, capacity) of the first resource that does not suffice."""
    used: dict[str, int] = {}
    for each in active:
        for name, amount in pod_requests(each).items():
            used[name] = used.get(name, 0) + amount
    for name, wanted in sorted(pod_requests(pod).items()):
        have = capacity(node, name)
        if wanted and used.get(name, 0) + wanted > have:
            return name, wanted, used.get(name, 0), have
    return None


def capacity(node: NodeView, name: str) -> int:
    """What the node can give to pods, in the units of `pod_requests`."""
    return milli_cpu(node.allocatable) if name == "cpu" else byte_count(node.allocatable, name)


def shortage_text(resource: str, requested: int, used: int, capacity: int) -> str:
    """A shortage in upstream's words."""
    return f"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
