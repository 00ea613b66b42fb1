"""What the rules about other Pods say, by their definition: every Pod of every node is looked at for every answer."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.placement import allows, untolerated
from wherry.api.types.core_v1 import PodAffinityTerm, TopologySpreadConstraint
from wherry.api.types.meta_v1 import LabelSelector
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.tests.fixed import FixedNamespaces
from wherry.scheduler.model import Ask, NodeInfo, PodInfo

Placed = list[tuple[PodInfo, NodeInfo]]


def picks(selector: LabelSelector | None, labels: object) -> bool:
    assert isinstance(labels, dict)
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for one in selector.match_expressions:
        value = labels.get(one.key)
        holds = {
            "In": value in one.values,
            "NotIn": value not in one.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds[one.operator]:
            return False
    return True


def means(term: PodAffinityTerm, owner: Ask, other: Ask, namespaces: FixedNamespaces) -> bool:
    """Whether a term of `owner` means `other`."""
    named = set(term.namespaces)
    if not named and term.namespace_selector is None:
        named = {owner.namespace}
    near = other.namespace in named or picks(term.namespace_selector, dict(namespaces.labels(other.namespace)))
    return near and picks(term.label_selector, dict(other.labels))


def _required(ask: Ask, side: str) -> tuple[PodAffinityTerm, ...]:
    found = getattr(ask.affinity, side) if ask.affinity is not None else None
    return found.required_during_scheduling_ignored_during_execution if found is not None else ()


def _placed(cluster: Cluster) -> Placed:
    return [(pod, node) for pod, node in cluster.pods() if node.exists]


def _same(key: str, one: NodeInfo, other: NodeInfo) -> bool:
    return key in one.labels and one.labels[key] == other.labels.get(key)


def affinity_refuses(pod: PodInfo, node: NodeInfo, cluster: Cluster, namespaces: FixedNamespaces) -> str | None:
    """Which of the three reasons applies, if any."""
    ask, placed = pod.ask, _placed(cluster)
    near = _required(ask, "pod_affinity")
    if near:
        meant = [(other, home) for other, home in placed if all(means(one, ask, other.ask, namespaces) for one in near)]
        counted = [home for _, home in meant if any(one.topology_key in home.labels for one in near)]
        if any(one.topology_key not in node.labels for one in near):
            return "affinity"
        is_first = not counted and all(means(one, ask, ask, namespaces) for one in near)
        if not is_first and not all(any(_same(one.topology_key, node, home) for _, home in meant) for one in near):
            return "affinity"
    for one in _required(ask, "pod_anti_affinity"):
        if any(
            means(one, ask, other.ask, namespaces) and _same(one.topology_key, node, home) for other, home in placed
        ):
            return "anti-affinity"
    for other, home in placed:
        for one in _required(other.ask, "pod_anti_affinity"):
            if means(one, other.ask, ask, namespaces) and _same(one.topology_key, node, home):
                return "existing"
    return None


def _eligible(one: TopologySpreadConstraint, ask: Ask, cluster: Cluster, keys: set[str]) -> Iterator[NodeInfo]:
    for node in cluster.nodes():
        if not keys <= set(node.labels):
            continue
        if one.node_affinity_policy != "Ignore" and not allows(ask.node_selector, ask.affinity, node.labels, node.name):
            continue
        hard = ("NoSchedule", "NoExecute")
        if one.node_taints_policy == "Honor" and untolerated(node.taints, ask.tolerations, hard) is not None:
            continue
        yield node


def spread_refuses(pod: PodInfo, node: NodeInfo, cluster: Cluster) -> bool:
    """Whether a constraint that must be kept is not, or cannot be judged."""
    ask = pod.ask
    hard = [one for one in ask.spread if one.when_unsatisfiable == "DoNotSchedule"]
    keys = {one.topology_key for one in hard}
    for one in hard:
        if one.topology_key not in node.labels:
            return True
        counts: dict[str, int] = {}
        for home in _eligible(one, ask, cluster, keys):
            value = home.labels[one.topology_key]
            siblings = [
                other
                for other in home.pods.values()
                if not other.is_terminating
                and other.ask.namespace == ask.namespace
                and picks(one.label_selector, dict(other.ask.labels))
            ]
            counts[value] = counts.get(value, 0) + len(siblings)
        least = min(counts.values()) if len(counts) >= (one.min_domains or 1) else 0
        itself = picks(one.label_selector, dict(ask.labels))
        if counts.get(node.labels[one.topology_key], 0) + itself - least > one.max_skew:
            return True
    return False
