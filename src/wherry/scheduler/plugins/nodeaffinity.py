"""Node selectors, required and preferred node affinity (upstream: NodeAffinity).

`addedAffinity` of the settings asks the same of every Pod of a profile, beside what the Pod itself asks.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import msgspec

from wherry.api.core.placement import allows, matches_term
from wherry.api.types.core_v1 import Affinity, Node, NodeAffinity, NodeSelectorTerm, PreferredSchedulingTerm
from wherry.api.types.decoding import convert
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import (
    NODE,
    Action,
    Check,
    Filter,
    Handle,
    Hint,
    Plugin,
    Prepared,
    Rate,
    Refusal,
    Score,
    highest_first,
)

_REFUSAL = Refusal(("node(s) didn't match Pod's node affinity/selector",), is_lasting=True)
_CONFLICT = Refusal(("pod affinity terms conflict",), is_lasting=True)
_PROFILE_REFUSAL = Refusal(("node(s) didn't match scheduler-enforced node affinity",), is_lasting=True)


def sign(pod: PodInfo) -> Hashable:
    ask = pod.ask
    of_nodes = ask.affinity.node_affinity if ask.affinity is not None else None
    if not ask.node_selector and of_nodes is None:
        return None
    return (tuple(sorted(ask.node_selector.items())), msgspec.json.encode(of_nodes))


class _Rule:
    """What a profile asks of nodes beside what the Pod asks."""

    def __init__(self, added: NodeAffinity | None) -> None:
        self._added = Affinity(node_affinity=added) if added is not None else None

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | Prepared | Refusal | None:
        ask, added = pod.ask, self._added
        affinity = ask.affinity if _required(ask.affinity) else None
        if not ask.node_selector and affinity is None and added is None:
            return None

        def check(node: NodeInfo) -> Refusal | None:
            if added is not None and not allows({}, added, node.labels, node.name):
                return _PROFILE_REFUSAL
            return None if allows(ask.node_selector, affinity, node.labels, node.name) else _REFUSAL

        names = _names(_required(affinity))
        if names is None:
            return check
        return Prepared(check, names) if names else _CONFLICT

    def prepare_score(self, pod: PodInfo, _cluster: Cluster, _nodes: Sequence[NodeInfo]) -> Rate | None:
        preferred = (*_preferred(self._added), *_preferred(pod.ask.affinity))
        if not preferred:
            return None

        def rate(node: NodeInfo) -> int:
            return sum(term.weight for term in preferred if matches_term(term.preference, node.labels, node.name))

        return rate

    def node_helps(self, pod: PodInfo, old: Node | None, new: Node) -> bool:
        """The node is allowed now, and was not before."""
        return self._allows(pod, new) and (old is None or not self._allows(pod, old))

    def _allows(self, pod: PodInfo, node: Node) -> bool:
        labels, name = node.metadata.labels, node.metadata.name
        return allows({}, self._added, labels, name) and allows(pod.ask.node_selector, pod.ask.affinity, labels, name)


def _required(affinity: Affinity | None) -> tuple[NodeSelectorTerm, ...]:
    of_nodes = affinity.node_affinity if affinity is not None else None
    required = of_nodes.required_during_scheduling_ignored_during_execution if of_nodes is not None else None
    return required.node_selector_terms if required is not None else ()


def _preferred(affinity: Affinity | None) -> tuple[PreferredSchedulingTerm, ...]:
    of_nodes = affinity.node_affinity if affinity is not None else None
    return of_nodes.preferred_during_scheduling_ignored_during_execution if of_nodes is not None else ()


def _names(terms: Sequence[NodeSelectorTerm]) -> frozenset[str] | None:
    """The nodes that come into question when every alternative names some, as those of DaemonSets do."""
    found: set[str] = set()
    for term in terms:
        named = [set(r.values) for r in term.match_fields if r.key == "metadata.name" and r.operator == "In"]
        if not named:
            return None
        found |= set.intersection(*named)
    return frozenset(found) if terms else None


def make(args: Mapping[str, Any], _: Handle) -> Plugin:
    """The plugin of a profile."""
    added = args.get("addedAffinity")
    rule = _Rule(convert(NodeAffinity, added) if added else None)
    return Plugin(
        "NodeAffinity",
        filter=Filter(rule.prepare, sign),
        score=Score(rule.prepare_score, sign, normalize=highest_first),
        hints=(Hint(NODE, Action.ADD | Action.LABELS, rule.node_helps),),
    )
