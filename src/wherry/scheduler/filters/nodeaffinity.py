"""A node's labels satisfy the Pod's node selector and required node affinity (upstream: NodeAffinity)."""

from __future__ import annotations

from wherry.api.core.placement import allows
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, Check, Filter

_REASON = ("node(s) didn't match Pod's node affinity/selector",)


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    affinity = pod.affinity.node_affinity if pod.affinity else None
    if not pod.node_selector and (
        affinity is None or affinity.required_during_scheduling_ignored_during_execution is None
    ):
        return None

    def check(node: NodeInfo) -> tuple[str, ...]:
        return FITS if allows(pod.node_selector, pod.affinity, node.labels, node.name) else _REASON

    return check


NODE_AFFINITY = Filter("NodeAffinity", prepare, frozenset({NODE_CHANGED}))
