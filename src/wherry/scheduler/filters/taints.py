"""Every NoSchedule and NoExecute taint of a node is tolerated (upstream: TaintToleration)."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.types.core_v1 import Taint, Toleration
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, Check, Filter

_REASON = ("node(s) had untolerated taint(s)",)


def prepare(pod: PodInfo, _: Cluster) -> Check:
    def check(node: NodeInfo) -> tuple[str, ...]:
        for taint in node.taints:
            if taint.effect != "PreferNoSchedule" and not tolerates(pod.tolerations, taint):
                return _REASON
        return FITS

    return check


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Whether any of the tolerations covers the taint."""
    return any(_covers(toleration, taint) for toleration in tolerations)


def _covers(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if (toleration.operator or "Equal") == "Exists":
        return True
    return (toleration.operator or "Equal") == "Equal" and (toleration.value or "") == (taint.value or "")


TAINTS = Filter("TaintToleration", prepare, frozenset({NODE_CHANGED}))
