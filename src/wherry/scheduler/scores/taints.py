"""Avoid nodes with PreferNoSchedule taints that the Pod does not tolerate (upstream: TaintToleration)."""

from __future__ import annotations

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.filters.taints import tolerates
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Rate, Score


def prepare(pod: PodInfo, cluster: Cluster) -> Rate | None:
    if not any(taint.effect == "PreferNoSchedule" for node in cluster.nodes() for taint in node.taints):
        return None

    def rate(node: NodeInfo) -> int:
        return sum(
            taint.effect == "PreferNoSchedule" and not tolerates(pod.tolerations, taint) for taint in node.taints
        )

    return rate


PREFERRED_TAINTS = Score("TaintToleration", prepare, weight=3, normalize=True, lower_is_better=True)
