"""Prefer nodes with much left, evenly of everything (upstream: LeastAllocated and BalancedAllocation)."""

from __future__ import annotations

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import CPU, MEMORY, NodeInfo, PodInfo
from wherry.scheduler.rules import Rate, Score


def prepare_least(pod: PodInfo, _: Cluster) -> Rate:
    cpu, memory = pod.score_requests[CPU], pod.score_requests[MEMORY]

    def rate(node: NodeInfo) -> int:
        return (_free(node, CPU, cpu) + _free(node, MEMORY, memory)) // 2

    return rate


def prepare_balanced(pod: PodInfo, _: Cluster) -> Rate:
    cpu, memory = pod.requests.get(CPU, 0), pod.requests.get(MEMORY, 0)

    def rate(node: NodeInfo) -> int:
        # With two resources the standard deviation of the used shares is half their distance.
        distance = abs(_used_share(node, CPU, cpu) - _used_share(node, MEMORY, memory)) / 2
        return int((1 - distance) * 100)

    return rate


def _free(node: NodeInfo, name: str, wanted: int) -> int:
    total = node.allocatable.get(name, 0)
    left = total - node.score_requested.get(name, 0) - wanted
    return left * 100 // total if left > 0 and total else 0


def _used_share(node: NodeInfo, name: str, wanted: int) -> float:
    total = node.allocatable.get(name, 0)
    return min(1.0, (node.requested.get(name, 0) + wanted) / total) if total else 1.0


LEAST_ALLOCATED = Score("NodeResourcesFit", prepare_least)
BALANCED_ALLOCATION = Score("NodeResourcesBalancedAllocation", prepare_balanced)
