"""A node has enough left of what the Pod requests (upstream: NodeResourcesFit)."""

from __future__ import annotations

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import PODS, NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, POD_REMOVED, Check, Filter


def prepare(pod: PodInfo, _: Cluster) -> Check:
    wanted = [(name, amount) for name, amount in pod.requests.items() if amount]

    def check(node: NodeInfo) -> tuple[str, ...]:
        allocatable, requested = node.allocatable, node.requested
        for name, amount in wanted:
            if amount > allocatable.get(name, 0) - requested.get(name, 0):
                return _reasons(wanted, node)
        return FITS

    return check


def _reasons(wanted: list[tuple[str, int]], node: NodeInfo) -> tuple[str, ...]:
    short = [name for name, amount in wanted if amount > node.allocatable.get(name, 0) - node.requested.get(name, 0)]
    return tuple("Too many pods" if name == PODS else f"Insufficient {name}" for name in short)


RESOURCES = Filter("NodeResourcesFit", prepare, frozenset({NODE_CHANGED, POD_REMOVED}))
