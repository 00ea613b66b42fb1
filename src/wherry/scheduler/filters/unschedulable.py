"""A cordoned node takes nothing new (upstream: NodeUnschedulable), unless the Pod tolerates the taint of that name."""

from __future__ import annotations

from wherry.api.core.placement import tolerates
from wherry.api.types.core_v1 import Taint
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, Check, Filter

_TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_REASON = ("node(s) were unschedulable",)


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    if any(tolerates(toleration, _TAINT) for toleration in pod.tolerations):
        return None

    def check(node: NodeInfo) -> tuple[str, ...]:
        return _REASON if node.unschedulable else FITS

    return check


UNSCHEDULABLE = Filter("NodeUnschedulable", prepare, frozenset({NODE_CHANGED}))
