"""A node's labels satisfy the Pod's node selector and required node affinity (upstream: NodeAffinity).

Terms are alternatives; the requirements inside one term must all hold. An empty term matches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.types.core_v1 import NodeSelectorRequirement, NodeSelectorTerm
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, NODE_CHANGED, Check, Filter

_REASON = ("node(s) didn't match Pod's node affinity/selector",)


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    affinity = pod.affinity.node_affinity if pod.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if not pod.node_selector and required is None:
        return None

    def check(node: NodeInfo) -> tuple[str, ...]:
        labels = node.labels
        if any(labels.get(key) != value for key, value in pod.node_selector.items()):
            return _REASON
        if required is not None and not any(matches(term, node) for term in required.node_selector_terms):
            return _REASON
        return FITS

    return check


def matches(term: NodeSelectorTerm, node: NodeInfo) -> bool:
    """Whether one term of a node selector accepts a node."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.name}
    return all(_holds(requirement, node.labels) for requirement in term.match_expressions) and all(
        _holds(requirement, fields) for requirement in term.match_fields
    )


def _holds(requirement: NodeSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
        case _:
            return False


def _compares(requirement: NodeSelectorRequirement, value: str | None) -> bool:
    try:
        left, right = int(value or ""), int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return left > right if requirement.operator == "Gt" else left < right


NODE_AFFINITY = Filter("NodeAffinity", prepare, frozenset({NODE_CHANGED}))
