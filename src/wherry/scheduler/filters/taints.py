"""Every NoSchedule and NoExecute taint of a node is tolerated (upstream: TaintToleration)."""

from __future__ import annotations

from wherry.api.core.placement import untolerated
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, Check, Filter

_EFFECTS = ("NoSchedule", "NoExecute")
_REASON = ("node(s) had untolerated taint(s)",)


def prepare(pod: PodInfo, _: Cluster) -> Check:
    def check(node: NodeInfo) -> tuple[str, ...]:
        return FITS if untolerated(node.taints, pod.tolerations, _EFFECTS) is None else _REASON

    return check


TAINTS = Filter("TaintToleration", prepare, frozenset({NODE_CHANGED}))
