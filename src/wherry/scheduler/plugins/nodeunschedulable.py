"""A cordoned node takes nothing new (upstream: NodeUnschedulable), unless the Pod tolerates the taint of that name."""

from __future__ import annotations

from wherry.api.core.placement import tolerates
from wherry.api.types.core_v1 import Node, Taint
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import NODE, PENDING_POD, Action, Check, Filter, Hint, Plugin, Refusal

_TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_REFUSAL = Refusal(("node(s) were unschedulable",), is_lasting=True)


def sign(pod: PodInfo) -> bool:
    return any(tolerates(toleration, _TAINT) for toleration in pod.ask.tolerations)


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    return None if sign(pod) else check


def check(node: NodeInfo) -> Refusal | None:
    return _REFUSAL if node.unschedulable else None


def node_helps(_: PodInfo, old: Node | None, new: Node) -> bool:
    """A node that can be used, and could not be before."""
    return not new.spec.unschedulable and (old is None or bool(old.spec.unschedulable))


def pod_helps(_: PodInfo, old: PodInfo, new: PodInfo) -> bool:
    return sign(new)


NODE_UNSCHEDULABLE = Plugin(
    "NodeUnschedulable",
    filter=Filter(prepare, sign),
    hints=(
        Hint(NODE, Action.ADD | Action.TAINTS, node_helps),
        Hint(PENDING_POD, Action.TOLERATIONS, pod_helps),
    ),
)
