"""Whether a Pod may be on a node at all: node selectors, affinity, taints and tolerations. Pure.

The scheduler has its own rules, which also count and explain; these are for controllers that place Pods by themselves
(DaemonSets) or that must know whether a taint drives one away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wherry.api.types.core_v1 import Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration


def fits_node(spec: PodSpec, node: Node) -> bool:
    """Whether the Pod's node selector and required node affinity allow the node."""
    labels = node.metadata.labels
    if any(labels.get(name) != value for name, value in spec.node_selector.items()):
        return False
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None
    return required is None or any(_matches_term(term, node) for term in required.node_selector_terms)


def untolerated(taints: Iterable[Taint], tolerations: Sequence[Toleration], effects: Sequence[str]) -> Taint | None:
    """The first taint with one of the effects that nothing tolerates."""
    for taint in taints:
        if taint.effect in effects and not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator or "Equal":
        case "Exists":
            return True
        case "Equal":
            return (toleration.value or "") == (taint.value or "")
        case "Lt" | "Gt" as operator:
            return _compares(operator, taint.value, toleration.value)
        case _:
            return False


def _matches_term(term: NodeSelectorTerm, node: Node) -> bool:
    """An empty term matches nothing."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.metadata.name}
    return all(_holds(r, node.metadata.labels) for r in term.match_expressions) and all(
        _holds(r, fields) for r in term.match_fields
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
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, requirement.values[0] if requirement.values else None)
        case _:
            return False


def _compares(operator: str, value: str | None, bound: str | None) -> bool:
    try:
        one, other = int(value or ""), int(bound or "")
    except ValueError:
        return False
    return one > other if operator == "Gt" else one < other
