"""Avoid nodes with PreferNoSchedule taints that the Pod does not tolerate (upstream: TaintToleration)."""

from __future__ import annotations

from wherry.api.core.placement import tolerates
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Rate, Score


def prepare(pod: PodInfo, cluster: Cluster) -> Rate | None:
    if not any(taint.effect == "PreferNoSchedule" for node in cluster.nodes() for taint in node.taints):
        return None

    def rate(node: NodeInfo) -> int:
        soft = (taint for taint in node.taints if taint.effect == "PreferNoSchedule")
        return sum(not any(tolerates(toleration, taint) for toleration in pod.tolerations) for taint in soft)

    return rate


PREFERRED_TAINTS = Score("TaintToleration", prepare, weight=3, normalize=True, lower_is_better=True)
