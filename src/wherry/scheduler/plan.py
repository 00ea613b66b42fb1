"""Where a Pod goes: filters first, then scores, then chance among the best. Pure but for the given random source.

In a large cluster not every node is asked: it is enough to find a share of nodes that fit (upstream's
percentageOfNodesToScore), starting each time where the last search ended so that all get their turn.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Check, Filter, Score

_ALWAYS_ASK = 100
_LEAST_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Placement:
    """The node that was chosen. `asked` says how many were looked at, for the next search's start."""

    node: str
    asked: int


@dataclass(frozen=True, slots=True)
class Unfit:
    """No node fits. `message` is what users read in the Event; `wakes` are changes that may help."""

    message: str
    wakes: frozenset[str]
    filters: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Rules:
    filters: Sequence[Filter]
    scores: Sequence[Score]


def place(pod: PodInfo, cluster: Cluster, rules: Rules, chance: random.Random, start: int = 0) -> Placement | Unfit:
    """Choose a node for `pod`, or tell why there is none."""
    nodes = list(cluster.nodes())
    checks = [(rule, check) for rule in rules.filters if (check := rule.prepare(pod, cluster)) is not None]
    enough = _enough(len(nodes))
    turn = start % len(nodes) if nodes else 0
    fitting: list[NodeInfo] = []
    refusals: list[tuple[Filter, tuple[str, ...]]] = []
    asked = 0
    for node in chain(nodes[turn:], nodes[:turn]):
        asked += 1
        refusal = _first_refusal(node, checks)
        if refusal is not None:
            refusals.append(refusal)
            continue
        fitting.append(node)
        if len(fitting) >= enough:
            break
    if not fitting:
        return _unfit(len(nodes), refusals)
    return Placement(_best(pod, fitting, cluster, rules.scores, chance).name, asked)


def _first_refusal(node: NodeInfo, checks: Sequence[tuple[Filter, Check]]) -> tuple[Filter, tuple[str, ...]] | None:
    for rule, check in checks:
        if reasons := check(node):
            return rule, reasons
    return None


def _enough(nodes: int) -> int:
    if nodes <= _ALWAYS_ASK:
        return nodes
    percent = max(50 - nodes // 125, _LEAST_PERCENT)
    return max(nodes * percent // 100, _ALWAYS_ASK)


def _unfit(nodes: int, refusals: Sequence[tuple[Filter, tuple[str, ...]]]) -> Unfit:
    if not nodes:
        return Unfit("no nodes available to schedule pods", frozenset({"NodeChanged"}))
    counts = Counter(reason for _, reasons in refusals for reason in reasons)
    reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return Unfit(
        message=f"0/{nodes} nodes are available: {reasons}.",
        wakes=frozenset(wake for rule, _ in refusals for wake in rule.wakes),
        filters=frozenset(rule.name for rule, _ in refusals),
    )


def _best(
    pod: PodInfo, nodes: Sequence[NodeInfo], cluster: Cluster, scores: Sequence[Score], chance: random.Random
) -> NodeInfo:
    if len(nodes) == 1:
        return nodes[0]
    totals = [0] * len(nodes)
    for score in scores:
        if (rate := score.prepare(pod, cluster)) is None:
            continue
        ratings = [rate(node) for node in nodes]
        if score.normalize:
            ratings = _normalized(ratings, score.lower_is_better)
        totals = [total + score.weight * rating for total, rating in zip(totals, ratings, strict=True)]
    best = max(totals)
    return nodes[chance.choice([index for index, total in enumerate(totals) if total == best])]


def _normalized(ratings: Sequence[int], lower_is_better: bool) -> list[int]:
    most = max(ratings)
    if most == 0:
        return [100 if lower_is_better else 0] * len(ratings)
    scaled = [rating * 100 // most for rating in ratings]
    return [100 - rating for rating in scaled] if lower_is_better else scaled
