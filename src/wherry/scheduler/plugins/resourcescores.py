"""How good a node is by what is left of its resources (upstream: the strategies of NodeResourcesFit, and
NodeResourcesBalancedAllocation).

A strategy rates each resource of a list from 0 to 100 and takes the weighted mean: *LeastAllocated* prefers nodes with
much left, *MostAllocated* those with little, *RequestedToCapacityRatio* follows a line through given points. Balance
prefers nodes on which the Pod makes the shares used of each resource more equal than they were.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from math import sqrt
from typing import Any

from msgspec import Struct

from wherry.scheduler.amounts import CPU, EPHEMERAL, MEMORY, PODS
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Handle, Plugin, Rate, Score

_COUNTED = (CPU, MEMORY)
"""Pods that ask for none of these count as small ones when nodes are rated."""
_PLAIN = (CPU, MEMORY, EPHEMERAL)
"""Counted though the Pod may ask for none; others are not."""
_HIGHEST_POINT = 10
"""The best score that a point of a shape may have."""

Curve = Callable[[int, int], int]
"""(requested with the Pod, capacity) -> 0 to 100."""


class Weighed(Struct, frozen=True):
    """A resource and what it counts."""

    name: str
    weight: int = 1


DEFAULTS = (Weighed(CPU), Weighed(MEMORY))


def fit_score(args: Mapping[str, Any]) -> Score:
    """The score of NodeResourcesFit by its settings."""
    strategy = args.get("scoringStrategy") or {}
    resources = _resources(strategy)
    kind = strategy.get("type") or "LeastAllocated"
    if kind == "RequestedToCapacityRatio":
        shape = (strategy.get("requestedToCapacityRatio") or {}).get("shape") or ()
        return _mean(resources, along(shape), skips_zero=True)
    return _mean(resources, _most if kind == "MostAllocated" else _least, skips_zero=False)


def make_balanced(args: Mapping[str, Any], _: Handle) -> Plugin:
    """The plugin of a profile."""
    resources = _resources(args)

    def sign(pod: PodInfo) -> Hashable:
        return tuple([pod.ask.requests.get(one.name, 0) for one in resources])

    def prepare(pod: PodInfo, _cluster: Cluster, _nodes: Sequence[NodeInfo]) -> Rate | None:
        wanted = [(one.name, pod.ask.requests.get(one.name, 0)) for one in resources]
        if not any(amount for _, amount in wanted):
            return None  # It changes no node's balance.
        names = [(name, amount) for name, amount in wanted if amount or name in _PLAIN]

        def rate(node: NodeInfo) -> int:
            allocatable, requested = node.allocatable, node.requested
            before, after = [], []
            for name, amount in names:
                if total := allocatable.get(name, 0):
                    used = requested.get(name, 0)
                    before.append(min(1.0, used / total))
                    after.append(min(1.0, (used + amount) / total))
            return 50 + _toward_zero(50 + _balance(after) - _balance(before), 2)

        return rate

    return Plugin("NodeResourcesBalancedAllocation", score=Score(prepare, sign))


def _mean(resources: Sequence[Weighed], curve: Curve, *, skips_zero: bool) -> Score:
    """The weighted mean over the resources; `skips_zero`: those rated 0 are left out, and the mean is rounded."""

    def wanted(pod: PodInfo) -> list[int]:
        ask = pod.ask
        return [(ask.score_requests if one.name in _COUNTED else ask.requests).get(one.name, 0) for one in resources]

    def sign(pod: PodInfo) -> Hashable:
        return tuple(wanted(pod))

    def prepare(pod: PodInfo, _cluster: Cluster, _nodes: Sequence[NodeInfo]) -> Rate:
        asked = [
            (one.name, one.weight, amount, one.name in _COUNTED)
            for one, amount in zip(resources, wanted(pod), strict=True)
            if amount or one.name in _PLAIN
        ]

        def rate(node: NodeInfo) -> int:
            allocatable, score = node.allocatable, 0
            weights = 0
            for name, weight, amount, is_counted in asked:
                total = allocatable.get(name, 0)
                if not total:
                    continue
                used = node.score_requested if is_counted else node.requested
                rating = curve(used.get(name, 0) + amount, total)
                if rating or not skips_zero:
                    score += rating * weight
                    weights += weight
            if not weights:
                return 0
            return int(score / weights + 0.5) if skips_zero else score // weights

        return rate

    return Score(prepare, sign)


def _resources(settings: Mapping[str, Any]) -> tuple[Weighed, ...]:
    """Those of the settings; how many Pods there are counts for nothing, as upstream."""
    given = settings.get("resources") or ()
    if not given:
        return DEFAULTS
    return tuple(Weighed(one["name"], one.get("weight") or 1) for one in given if one["name"] != PODS)


def _least(requested: int, capacity: int) -> int:
    return (capacity - requested) * 100 // capacity if requested <= capacity else 0


def _most(requested: int, capacity: int) -> int:
    return min(requested, capacity) * 100 // capacity


def along(shape: Sequence[Mapping[str, int]]) -> Curve:
    """A line through points of (utilization in percent, score up to 10); level before the first and after the last."""
    points = [(one.get("utilization", 0), one.get("score", 0) * 100 // _HIGHEST_POINT) for one in shape]

    def curve(requested: int, capacity: int) -> int:
        return broken_line(points, 100 if requested > capacity or not capacity else requested * 100 // capacity)

    return curve


def broken_line(points: Sequence[tuple[int, int]], at: int) -> int:
    """The height at `at` of a line through points in ascending order."""
    before: tuple[int, int] | None = None
    for x, y in points:
        if at <= x:
            if before is None:
                return y
            x0, y0 = before
            return y0 + _toward_zero((y - y0) * (at - x0), x - x0)
        before = (x, y)
    return before[1] if before is not None else 0


def _balance(shares: Sequence[float]) -> int:
    """100 when all shares are equal, less by their standard deviation."""
    if len(shares) < 2:
        return 100
    if len(shares) == 2:
        return int((1 - abs(shares[0] - shares[1]) / 2) * 100)
    mean = sum(shares) / len(shares)
    return int((1 - sqrt(sum((share - mean) ** 2 for share in shares) / len(shares))) * 100)


def _toward_zero(number: int, divisor: int) -> int:
    """Division of integers as Go does it."""
    return number // divisor if number >= 0 else -(-number // divisor)
