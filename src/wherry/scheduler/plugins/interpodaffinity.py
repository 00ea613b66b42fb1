"""Near these Pods, far from those (upstream: InterPodAffinity).

A term means Pods by their labels and namespaces; near is who runs on a node with the same value of the term's topology
key. Required terms of a new Pod filter nodes, and so do the required anti-affinity terms of Pods that run: these keep
others away. Preferred terms rate nodes, both ways; a running Pod's required affinity draws as `hardPodAffinityWeight`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wherry.api.types.core_v1 import Node
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.namespaces import ClientNamespaces
from wherry.scheduler.counting.population import Population, Tie
from wherry.scheduler.counting.tally import Tally
from wherry.scheduler.counting.terms import Term
from wherry.scheduler.model import Ask, NodeInfo, PodInfo
from wherry.scheduler.rules import (
    NODE,
    PENDING_POD,
    PLACED_POD,
    Action,
    Check,
    Filter,
    Handle,
    Hint,
    Plugin,
    Rate,
    Refusal,
    Score,
)

_AFFINITY = Refusal(("node(s) didn't match pod affinity rules",), is_lasting=True)
_ANTI_AFFINITY = Refusal(("node(s) didn't match pod anti-affinity rules",))
_EXISTING = Refusal(("node(s) didn't satisfy existing pods anti-affinity rules",))


def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile."""
    population = Population(handle.cluster, ClientNamespaces(handle.client))
    return plugin(
        population, args.get("hardPodAffinityWeight", 1), bool(args.get("ignorePreferredTermsOfExistingPods", False))
    )


def plugin(population: Population, hard_weight: int = 1, ignores_preferences: bool = False) -> Plugin:
    """The plugin over a population; `ignores_preferences` of running Pods for new ones that have none themselves."""
    rule = _Rule(population, hard_weight, ignores_preferences)
    changes = Action.ADD | Action.LABELS | Action.DELETE
    return Plugin(
        "InterPodAffinity",
        filter=Filter(rule.prepare),
        score=Score(rule.prepare_score, normalize=spread_out),
        hints=(
            Hint(PLACED_POD, changes, rule.pod_helps),
            Hint(PENDING_POD, Action.LABELS),
            Hint(NODE, Action.ADD | Action.LABELS, rule.node_helps),
        ),
    )


class _Rule:
    """The rule with its counts and settings."""

    def __init__(self, population: Population, hard_weight: int, ignores_preferences: bool) -> None:
        self._population = population
        self._hard_weight = hard_weight
        self._ignores_preferences = ignores_preferences

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | None:
        ask, population = pod.ask, self._population
        terms = population.terms(ask)
        existing = [bond.tally for bond in population.bonds(ask) if bond.tie is Tie.ANTI and bond.tally.counts]
        near = [population.near(terms.affinity, key) for key in dict.fromkeys(term.key for term in terms.affinity)]
        far = [population.near((term,), term.key) for term in terms.anti_affinity]
        if any(tally.counts for tally in near):
            drawn = near
        else:
            # The first of a group whose members want to be near each other may be anywhere where the keys are known.
            is_first = population.meant(terms.affinity, ask)
            drawn = [_Known(tally.key) for tally in near] if is_first else near
        far = [tally for tally in far if tally.counts]
        if not (drawn or far or existing):
            return None
        return _check(drawn, far, existing)

    def prepare_score(self, pod: PodInfo, _: Cluster, __: Sequence[NodeInfo]) -> Rate | None:
        ask, population = pod.ask, self._population
        preferred = population.terms(ask).preferred
        if self._ignores_preferences and not preferred:
            return None
        weighted = [(population.near((term,), term.key), weight) for term, weight in preferred]
        for bond in population.bonds(ask):
            if bond.tie is Tie.SOFT:
                weighted.append((bond.tally, bond.weight))
            elif bond.tie is Tie.HARD and self._hard_weight:
                weighted.append((bond.tally, self._hard_weight))
        pulls: dict[str, list[tuple[Mapping[str, int], int]]] = {}
        for tally, weight in weighted:
            if tally.counts:
                pulls.setdefault(tally.key, []).append((tally.counts, weight))
        if not pulls:
            return None
        by_key = list(pulls.items())

        def rate(node: NodeInfo) -> int:
            labels, total = node.labels, 0
            for key, tables in by_key:
                value = labels.get(key)
                if value is not None:
                    for counts, weight in tables:
                        if value in counts:
                            total += counts[value] * weight
            return total

        return rate

    def pod_helps(self, pod: PodInfo, old: PodInfo | None, new: PodInfo | None) -> bool:
        """Whether a Pod on a node that came, went, or has other labels may open a place."""
        terms = self._population.terms(pod.ask)
        if old is not None and new is not None:
            return (self._all_mean(terms.affinity, new.ask) and not self._all_mean(terms.affinity, old.ask)) or (
                self._all_mean(terms.anti_affinity, old.ask) and not self._all_mean(terms.anti_affinity, new.ask)
            )
        if new is not None:
            return self._all_mean(terms.affinity, new.ask)
        assert old is not None
        return self._all_mean(terms.anti_affinity, old.ask) or self._all_mean(
            self._population.terms(old.ask).anti_affinity, pod.ask
        )

    def node_helps(self, pod: PodInfo, old: Node | None, new: Node | None) -> bool:
        """Whether a node that came or has other labels may be a place."""
        assert new is not None
        terms = self._population.terms(pod.ask)
        after = new.metadata.labels
        if old is None:
            return bool(terms.anti_affinity) or any(term.key in after for term in terms.affinity)
        before = old.metadata.labels
        return any(term.key in after and after[term.key] != before.get(term.key) for term in terms.affinity) or any(
            term.key in before and before[term.key] != after.get(term.key) for term in terms.anti_affinity
        )

    def _all_mean(self, terms: tuple[Term, ...], ask: Ask) -> bool:
        return bool(terms) and self._population.meant(terms, ask)


class _Known(Tally):
    """Stands for "wherever the key is known"."""

    __slots__ = ()


def _check(near: Sequence[Tally], far: Sequence[Tally], existing: Sequence[Tally]) -> Check:
    wanted = [(tally.key, None if isinstance(tally, _Known) else tally.counts) for tally in near]
    unwanted = [(tally.key, tally.counts, _ANTI_AFFINITY) for tally in far]
    unwanted += [(tally.key, tally.counts, _EXISTING) for tally in existing]

    def check(node: NodeInfo) -> Refusal | None:
        labels = node.labels
        for key, counts in wanted:
            value = labels.get(key)
            if value is None or (counts is not None and value not in counts):
                return _AFFINITY
        for key, taken, refusal in unwanted:
            if labels.get(key) in taken:
                return refusal
        return None

    return check


def spread_out(ratings: Sequence[int]) -> Sequence[int]:
    """Scale so that the lowest rating is 0 and the highest 100; no difference, no opinion."""
    least, most = min(ratings), max(ratings)
    if least == most:
        return [0] * len(ratings)
    scaled = {rating: int(100 * ((rating - least) / (most - least))) for rating in set(ratings)}
    return [scaled[rating] for rating in ratings]
