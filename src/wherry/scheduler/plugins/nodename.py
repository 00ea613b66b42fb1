"""A Pod that names its node goes nowhere else (upstream: NodeName)."""

from __future__ import annotations

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import NODE, Action, Check, Filter, Hint, Plugin, Refusal

_REFUSAL = Refusal(("node(s) didn't match the requested node name",), is_lasting=True)


def sign(pod: PodInfo) -> str:
    return pod.node_name


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    wanted = pod.node_name
    if not wanted:
        return None

    def check(node: NodeInfo) -> Refusal | None:
        return None if node.name == wanted else _REFUSAL

    return check


NODE_NAME = Plugin("NodeName", filter=Filter(prepare, sign), hints=(Hint(NODE, Action.ADD),))
