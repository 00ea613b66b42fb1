"""Hard taints of a node are tolerated, and soft ones avoided (upstream: TaintToleration)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from wherry.api.core.placement import tolerates, untolerated
from wherry.api.features import Gate
from wherry.api.types.core_v1 import Node, Taint, Toleration
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import (
    NODE,
    PENDING_POD,
    Action,
    Check,
    Filter,
    Handle,
    Hint,
    Plugin,
    Rate,
    Refusal,
    Score,
    lowest_first,
)

_EFFECTS = ("NoSchedule", "NoExecute")
_REFUSAL = Refusal(("node(s) had untolerated taint(s)",), is_lasting=True)


_COMPARES = ("Lt", "Gt")

Read: TypeAlias = Callable[[PodInfo], tuple[Toleration, ...]]
"""What counts of a Pod's tolerations."""


def make(_: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile. While numbers are not compared, what would compare them tolerates nothing."""
    compares = handle.features.has(Gate.TAINT_TOLERATION_COMPARISON_OPERATORS)
    return taint_toleration(_all if compares else _ordinary)


def _all(pod: PodInfo) -> tuple[Toleration, ...]:
    return pod.ask.tolerations


def _ordinary(pod: PodInfo) -> tuple[Toleration, ...]:
    tolerations = pod.ask.tolerations
    for one in tolerations:
        if one.operator in _COMPARES:
            return tuple(each for each in tolerations if each.operator not in _COMPARES)
    return tolerations


def taint_toleration(read: Read) -> Plugin:
    """The plugin, going by what `read` says of Pods."""
    rule = _Rule(read)
    return Plugin(
        "TaintToleration",
        filter=Filter(rule.prepare, read),
        score=Score(rule.prepare_score, read, normalize=lowest_first),
        hints=(
            Hint(NODE, Action.ADD | Action.TAINTS, rule.node_helps),
            Hint(PENDING_POD, Action.TOLERATIONS),
        ),
    )


class _Rule:
    def __init__(self, read: Read) -> None:
        self._read = read

    def prepare(self, pod: PodInfo, _: Cluster) -> Check:
        tolerations = self._read(pod)

        def check(node: NodeInfo) -> Refusal | None:
            if not node.taints or untolerated(node.taints, tolerations, _EFFECTS) is None:
                return None
            return _REFUSAL

        return check

    def prepare_score(self, pod: PodInfo, cluster: Cluster, _: Sequence[NodeInfo]) -> Rate | None:
        if not cluster.of_shape(_has_soft_taints):
            return None
        # As upstream: only tolerations that name this effect, or none, speak of it.
        relevant = [one for one in self._read(pod) if one.effect in (None, "", "PreferNoSchedule")]

        def rate(node: NodeInfo) -> int:
            soft = (taint for taint in node.taints if taint.effect == "PreferNoSchedule")
            return sum(not any(tolerates(toleration, taint) for toleration in relevant) for taint in soft)

        return rate

    def node_helps(self, pod: PodInfo, old: Node | None, new: Node) -> bool:
        """The taints are tolerated now, and were not before."""
        if not self._tolerates_all(pod, new.spec.taints):
            return False
        return old is None or not self._tolerates_all(pod, old.spec.taints)

    def _tolerates_all(self, pod: PodInfo, taints: Sequence[Taint]) -> bool:
        return untolerated(taints, self._read(pod), _EFFECTS) is None


def _has_soft_taints(nodes: Sequence[NodeInfo]) -> bool:
    return any(taint.effect == "PreferNoSchedule" for node in nodes for taint in node.taints)


TAINT_TOLERATION = taint_toleration(_all)
"""With numbers compared."""
