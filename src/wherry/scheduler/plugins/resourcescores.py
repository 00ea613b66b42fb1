"""Prefer nodes with much left, evenly of everything (upstream: LeastAllocated and BalancedAllocation)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from wherry.scheduler.amounts import CPU, MEMORY
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Plugin, Rate, Score


def sign_least(pod: PodInfo) -> Hashable:
    return tuple(pod.ask.score_requests.items())


def prepare_least(pod: PodInfo, _cluster: Cluster, _nodes: Sequence[NodeInfo]) -> Rate:
    cpu, memory = pod.ask.score_requests[CPU], pod.ask.score_requests[MEMORY]

    def rate(node: NodeInfo) -> int:
        return (_free(node, CPU, cpu) + _free(node, MEMORY, memory)) // 2

    return rate


def sign_balanced(pod: PodInfo) -> Hashable:
    return (pod.ask.requests.get(CPU, 0), pod.ask.requests.get(MEMORY, 0))


def prepare_balanced(pod: PodInfo, _cluster: Cluster, _nodes: Sequence[NodeInfo]) -> Rate | None:
    cpu, memory = pod.ask.requests.get(CPU, 0), pod.ask.requests.get(MEMORY, 0)
    if not cpu and not memory:
        return None  # A Pod that asks for nothing changes no node's balance.

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


LEAST_ALLOCATED = Score(prepare_least, sign_least)
BALANCED_ALLOCATION = Plugin("NodeResourcesBalancedAllocation", score=Score(prepare_balanced, sign_balanced))
