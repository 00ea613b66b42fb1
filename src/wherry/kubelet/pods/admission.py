"""Whether a pod that was bound to this node can run here. Pure.

The scheduler has decided before; but pods may be bound by hand, and two decisions may have crossed. Upstream's reasons
and messages, since controllers and people know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wherry.api.core.placement import allows
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.restart import is_sidecar
from wherry.kubelet.pods.room import active_beside, shortage, shortage_text
from wherry.kubelet.pods.status import Verdict

_ANY = "0.0.0.0"


def admit(pod: Pod, others: Iterable[Pod], node: NodeView, labels: Mapping[str, str]) -> Verdict | None:
    """None when the pod may run; otherwise how it ends."""
    active = active_beside(pod, others)
    if len(active) + 1 > node.max_pods:
        return _out_of("pods", 1, len(active), node.max_pods)
    if refusal := _mismatch(pod, labels, node.name) or _port_taken(pod, active):
        return refusal
    if pod.spec.os is not None and pod.spec.os.name != "linux":
        return Verdict("Failed", "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    short = shortage(pod, active, node)
    return _out_of(*short) if short else None


def _out_of(resource: str, requested: int, used: int, capacity: int) -> Verdict:
    return Verdict(
        "Failed",
        f"OutOf{resource}",
        f"Pod was rejected: {shortage_text(resource, requested, used, capacity)}",
    )


def _mismatch(pod: Pod, labels: Mapping[str, str], name: str) -> Verdict | None:
    if allows(pod.spec.node_selector, pod.spec.affinity, labels, name):
        return None
    return Verdict(
        "Failed",
        "NodeAffinity",
        "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    )


def _port_taken(pod: Pod, others: Iterable[Pod]) -> Verdict | None:
    taken = {port for each in others for port in _host_ports(each)}
    for address, protocol, number in _host_ports(pod):
        for other in taken:
            if (protocol, number) == other[1:] and (address == other[0] or _ANY in (address, other[0])):
                return Verdict(
                    "Failed",
                    "NodePorts",
                    "Pod was rejected: Predicate NodePorts failed: "
                    "node(s) didn't have free ports for the requested pod ports",
                )
    return None


def _host_ports(pod: Pod) -> Iterator[tuple[str, str, int]]:
    sidecars = (each for each in pod.spec.init_containers if is_sidecar(each))
    for container in (*pod.spec.containers, *sidecars):
        for port in container.ports:
            if port.host_port:
                yield port.host_ip or _ANY, port.protocol or "TCP", port.host_port
