"""Prefer nodes by the weights of the Pod's preferred node affinity (upstream: NodeAffinity)."""

from __future__ import annotations

from wherry.api.core.placement import matches_term
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Rate, Score


def prepare(pod: PodInfo, _: Cluster) -> Rate | None:
    affinity = pod.affinity.node_affinity if pod.affinity else None
    preferred = affinity.preferred_during_scheduling_ignored_during_execution if affinity else ()
    if not preferred:
        return None

    def rate(node: NodeInfo) -> int:
        return sum(term.weight for term in preferred if matches_term(term.preference, node.labels, node.name))

    return rate


PREFERRED_NODES = Score("NodeAffinity", prepare, weight=2, normalize=True)
