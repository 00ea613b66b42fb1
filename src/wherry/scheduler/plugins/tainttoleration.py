"""Hard taints of a node are tolerated, and soft ones avoided (upstream: TaintToleration)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from wherry.api.core.placement import tolerates, untolerated
from wherry.api.types.core_v1 import Node, Taint
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import (
    NODE,
    PENDING_POD,
    Action,
    Check,
    Filter,
    Hint,
    Plugin,
    Rate,
    Refusal,
    Score,
    lowest_first,
)

_EFFECTS = ("NoSchedule", "NoExecute")
_REFUSAL = Refusal(("node(s) had untolerated taint(s)",), is_lasting=True)


def sign(pod: PodInfo) -> Hashable:
    return pod.ask.tolerations


def prepare(pod: PodInfo, _: Cluster) -> Check:
    tolerations = pod.ask.tolerations

    def check(node: NodeInfo) -> Refusal | None:
        if not node.taints or untolerated(node.taints, tolerations, _EFFECTS) is None:
            return None
        return _REFUSAL

    return check


def prepare_score(pod: PodInfo, cluster: Cluster, _: Sequence[NodeInfo]) -> Rate | None:
    if not cluster.of_shape(_has_soft_taints):
        return None
    # As upstream: only tolerations that name this effect, or none, speak of it.
    relevant = [one for one in pod.ask.tolerations if one.effect in (None, "", "PreferNoSchedule")]

    def rate(node: NodeInfo) -> int:
        soft = (taint for taint in node.taints if taint.effect == "PreferNoSchedule")
        return sum(not any(tolerates(toleration, taint) for toleration in relevant) for taint in soft)

    return rate


def _has_soft_taints(nodes: Sequence[NodeInfo]) -> bool:
    return any(taint.effect == "PreferNoSchedule" for node in nodes for taint in node.taints)


def node_helps(pod: PodInfo, old: Node | None, new: Node) -> bool:
    """The taints are tolerated now, and were not before."""
    if not _tolerates_all(pod, new.spec.taints):
        return False
    return old is None or not _tolerates_all(pod, old.spec.taints)


def _tolerates_all(pod: PodInfo, taints: Sequence[Taint]) -> bool:
    return untolerated(taints, pod.ask.tolerations, _EFFECTS) is None


TAINT_TOLERATION = Plugin(
    "TaintToleration",
    filter=Filter(prepare, sign),
    score=Score(prepare_score, sign, normalize=lowest_first),
    hints=(
        Hint(NODE, Action.ADD | Action.TAINTS, node_helps),
        Hint(PENDING_POD, Action.TOLERATIONS),
    ),
)
