"""Clusters for tests of rules that look at other Pods: nodes by their labels, Pods by theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wherry.api.types.core_v1 import Node, Pod
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import Asks, NodeInfo, PodInfo
from wherry.scheduler.rules import Check, Plugin, Prepared, Refusal

_ASKS = Asks()


def a_pod(name: str, labels: str | Mapping[str, str] = "", namespace: str = "default", **spec: Any) -> PodInfo:
    """`labels` may be words: each is a label without a value. `is_going` makes it one that is being deleted."""
    if isinstance(labels, str):
        labels = dict.fromkeys(labels.split(), "")
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels}
    if spec.pop("is_going", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if owner := spec.pop("owner", None):
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "uid": "u", "controller": True}]
    containers = [{"name": "c", "image": "app:1"}]
    return _ASKS.pod_info(msgspec.convert({"metadata": metadata, "spec": {"containers": containers, **spec}}, Pod))


def a_node(name: str, labels: Mapping[str, str] | None = None, taints: Sequence[Mapping[str, str]] = ()) -> Node:
    """With the hostname as a label, unless labels say that it is something else or (empty) that there is none."""
    given = {"kubernetes.io/hostname": name, **(labels or {})}
    metadata = {"name": name, "labels": {key: value for key, value in given.items() if value}}
    return msgspec.convert({"metadata": metadata, "spec": {"taints": taints}, "status": {}}, Node)


def a_cluster(*nodes: Node, placed: Mapping[str, Sequence[PodInfo]] | None = None) -> Cluster:
    made = Cluster()
    for node in nodes:
        made.set_node(node)
    for name, pods in (placed or {}).items():
        for pod in pods:
            made.set_pod(pod, name)
    return made


def refusals(plugin: Plugin, pod: PodInfo, cluster: Cluster) -> dict[str, str]:
    """What the filter says, by node; nothing of nodes that do."""
    assert plugin.filter is not None
    answer = plugin.filter.prepare(pod, cluster)
    check = answer.check if isinstance(answer, Prepared) else answer
    if isinstance(check, Refusal):
        return {node.name: ", ".join(check.reasons) for node in cluster.nodes()}
    if check is None:
        return {}
    return _asked(check, cluster)


def _asked(check: Check, cluster: Cluster) -> dict[str, str]:
    answers = ((node.name, check(node)) for node in cluster.nodes())
    return {name: ", ".join(answer.reasons) for name, answer in answers if answer is not None}


def scores(plugin: Plugin, pod: PodInfo, cluster: Cluster, among: Sequence[str] = ()) -> dict[str, int] | None:
    """Ratings by node after normalization; None when the plugin has no opinion."""
    assert plugin.score is not None
    nodes: list[NodeInfo] = [node for node in cluster.nodes() if not among or node.name in among]
    rate = plugin.score.prepare(pod, cluster, nodes)
    if rate is None:
        return None
    ratings = [rate(node) for node in nodes]
    if plugin.score.normalize is not None:
        ratings = list(plugin.score.normalize(ratings))
    return dict(zip([node.name for node in nodes], ratings, strict=True))
