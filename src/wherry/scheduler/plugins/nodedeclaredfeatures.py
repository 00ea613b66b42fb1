"""The node's kubelet knows what the Pod's specification uses (upstream: NodeDeclaredFeatures, KEP-5328).

Which features a Pod needs follows from its specification alone; `model.py` infers them. Most Pods need none.
"""

from __future__ import annotations

from collections.abc import Hashable

from wherry.api.types.core_v1 import Node
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import NODE, Action, Check, Filter, Hint, Plugin, Refusal

_REFUSAL = Refusal(("node(s) didn't match Pod's required features",), is_lasting=True)


def sign(pod: PodInfo) -> Hashable:
    return pod.ask.features


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    needed = pod.ask.features
    if not needed:
        return None

    def check(node: NodeInfo) -> Refusal | None:
        return None if needed <= node.features else _REFUSAL

    return check


def node_helps(_: PodInfo, old: Node | None, new: Node) -> bool:
    """It declares other features than before."""
    return old is None or old.status.declared_features != new.status.declared_features


NODE_DECLARED_FEATURES = Plugin(
    "NodeDeclaredFeatures",
    filter=Filter(prepare, sign),
    hints=(Hint(NODE, Action.ADD | Action.CONDITIONS, node_helps),),
)
