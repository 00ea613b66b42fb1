"""A Pod that DaemonSet-like controllers pinned by node name goes nowhere else (upstream: NodeName)."""

from __future__ import annotations

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, Check, Filter

_REASON = ("node(s) didn't match the requested node name",)


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    if not pod.node_name:
        return None

    def check(node: NodeInfo) -> tuple[str, ...]:
        return FITS if node.name == pod.node_name else _REASON

    return check


NODE_NAME = Filter("NodeName", prepare, frozenset({NODE_CHANGED}))
