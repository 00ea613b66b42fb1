"""Whether a Pod may be on a node at all: node selectors, affinity, taints and tolerations.

One reading of these rules for all who ask: the scheduler, controllers that place Pods by themselves (DaemonSets) or
evict them, and the kubelet that admits them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wherry.api.meta.requirement import compares, holds
from wherry.api.types.core_v1 import Affinity, Node, NodeSelectorTerm, PodSpec, Taint, Toleration


def fits_node(spec: PodSpec, node: Node) -> bool:
    """Whether the Pod's node selector and required node affinity allow the node."""
    return allows(spec.node_selector, spec.affinity, node.metadata.labels, node.metadata.name)


def allows(
    node_selector: Mapping[str, str], affinity: Affinity | None, labels: Mapping[str, str], node_name: str
) -> bool:
    """Whether a node of this name, with these labels, is allowed. Terms are alternatives."""
    if any(labels.get(name) != value for name, value in node_selector.items()):
        return False
    of_nodes = affinity.node_affinity if affinity is not None else None
    required = of_nodes.required_during_scheduling_ignored_during_execution if of_nodes is not None else None
    return required is None or any(matches_term(term, labels, node_name) for term in required.node_selector_terms)


def matches_term(term: NodeSelectorTerm, labels: Mapping[str, str], node_name: str) -> bool:
    """Whether all requirements of one term hold; an empty term matches nothing."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node_name}
    return all(holds(r.operator, labels.get(r.key), r.values) for r in term.match_expressions) and all(
        holds(r.operator, fields.get(r.key), r.values) for r in term.match_fields
    )


def untolerated(taints: Iterable[Taint], tolerations: Sequence[Toleration], effects: Sequence[str]) -> Taint | None:
    """The first taint with one of the effects that nothing tolerates."""
    for taint in taints:
        if taint.effect in effects and not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether one toleration covers one taint."""
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
            return compares(operator, taint.value, toleration.value)
        case _:
            return False
