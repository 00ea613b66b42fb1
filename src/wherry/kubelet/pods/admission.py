"""Whether a pod that was bound to this node can run here. Pure.

The scheduler has decided before; but pods may be bound by hand, and two decisions may have crossed. Upstream's reasons
and messages, since controllers and people know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.resources import byte_count, milli_cpu, pod_requests
from wherry.kubelet.pods.status import Verdict


def admit(pod: Pod, others: Iterable[Pod], node: NodeView, labels: Mapping[str, str]) -> Verdict | None:
    """None when the pod may run; otherwise how it ends."""
    active = [each for each in others if each.metadata.uid != pod.metadata.uid and each.status.phase not in TERMINAL]
    if len(active) + 1 > node.max_pods:
        return _out_of("pods", 1, len(active), node.max_pods)
    if mismatch := _selector_mismatch(pod, labels):
        return mismatch
    if pod.spec.os is not None and pod.spec.os.name != "linux":
        return Verdict("Failed", "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    used: dict[str, int] = {}
    for each in active:
        for name, amount in pod_requests(each).items():
            used[name] = used.get(name, 0) + amount
    for name, wanted in sorted(pod_requests(pod).items()):
        have = milli_cpu(node.allocatable) if name == "cpu" else byte_count(node.allocatable, name)
        if wanted and used.get(name, 0) + wanted > have:
            return _out_of(name, wanted, used.get(name, 0), have)
    return None


def _out_of(resource: str, requested: int, used: int, capacity: int) -> Verdict:
    return Verdict(
        "Failed",
        f"OutOf{resource}",
        f"Pod was rejected: Node didn't have enough resource: {resource}, "
        f"requested: {requested}, used: {used}, capacity: {capacity}",
    )


def _selector_mismatch(pod: Pod, labels: Mapping[str, str]) -> Verdict | None:
    if all(labels.get(name) == value for name, value in pod.spec.node_selector.items()):
        return None
    return Verdict(
        "Failed",
        "NodeAffinity",
        "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    )
