"""Spread siblings evenly over zones, nodes, or whatever a label of nodes says (upstream: PodTopologySpread).

Constraints that must be kept filter nodes; the others rate them. A Pod without constraints of its own gets those of the
profile's settings, applied to the Pods of its Services and controller; by default these only rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from wherry.api.types.core_v1 import Node, TopologySpreadConstraint
from wherry.api.types.decoding import convert
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.constraints import HOSTNAME, Constraint, by_node, constraints, domains
from wherry.scheduler.counting.namespaces import ClientNamespaces
from wherry.scheduler.counting.population import Population
from wherry.scheduler.counting.siblings import ClientSiblings, Siblings
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

_TEXT = "node(s) didn't match pod topology spread constraints"
_SKEWED = Refusal((_TEXT,))
_UNLABELLED = Refusal((f"{_TEXT} (missing required label)",), is_lasting=True)
_HARD, _SOFT = "DoNotSchedule", "ScheduleAnyway"
_KEPT = 4096
_IGNORED = -1
"""The rating of a node that lacks a label by which to spread."""

SYSTEM_DEFAULTS: tuple[TopologySpreadConstraint, ...] = (
    TopologySpreadConstraint(topology_key=HOSTNAME, max_skew=3, when_unsatisfiable=_SOFT),
    TopologySpreadConstraint(topology_key="topology.kubernetes.io/zone", max_skew=5, when_unsatisfiable=_SOFT),
)


def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile."""
    population = Population(handle.cluster, ClientNamespaces(handle.client))
    defaults = None
    if args.get("defaultingType", "System") == "List":
        defaults = tuple(convert(TopologySpreadConstraint, one) for one in args.get("defaultConstraints") or ())
    return plugin(population, ClientSiblings(handle.client), defaults)


def plugin(
    population: Population, siblings: Siblings, defaults: tuple[TopologySpreadConstraint, ...] | None = None
) -> Plugin:
    """The plugin over a population; `defaults` are a list of the settings, None the system's."""
    rule = _Rule(population, siblings, SYSTEM_DEFAULTS if defaults is None else defaults, defaults is None)
    return Plugin(
        "PodTopologySpread",
        filter=Filter(rule.prepare),
        score=Score(rule.prepare_score, normalize=fewest_first),
        hints=(
            Hint(PLACED_POD, Action.ADD | Action.LABELS | Action.DELETE, rule.pod_helps),
            Hint(PENDING_POD, Action.LABELS | Action.TOLERATIONS, rule.own_change_helps),
            Hint(NODE, Action.ADD | Action.DELETE | Action.LABELS | Action.TAINTS, rule.node_helps),
        ),
    )


class _Rule:
    """The rule with its counts and settings."""

    def __init__(
        self,
        population: Population,
        siblings: Siblings,
        defaults: tuple[TopologySpreadConstraint, ...],
        is_system: bool,
    ) -> None:
        self._population = population
        self._siblings = siblings
        self._defaults = {action: [one for one in defaults if one.when_unsatisfiable == action] for action in _ACTIONS}
        self._is_system = is_system
        self._own: dict[tuple[Ask, str], tuple[Constraint, ...]] = {}

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | None:
        wanted = self._constraints(pod, _HARD)
        if not wanted:
            return None
        ask = pod.ask
        keys = _keys(wanted)
        limits: list[tuple[str, Mapping[str, int], int]] = []
        for one in wanted:
            counted = domains(self._population, one, keys, ask)
            least = counted.lowest if len(counted.counts) >= one.min_domains else 0
            itself = one.selector.picks(ask.labels)
            limits.append((one.key, counted.counts, one.max_skew + least - itself))

        def check(node: NodeInfo) -> Refusal | None:
            labels = node.labels
            for key, counts, most in limits:
                value = labels.get(key)
                if value is None:
                    return _UNLABELLED
                if counts.get(value, 0) > most:
                    return _SKEWED
            return None

        return check

    def prepare_score(self, pod: PodInfo, _: Cluster, nodes: Sequence[NodeInfo]) -> Rate | None:
        wanted = self._constraints(pod, _SOFT)
        if not wanted:
            return None
        ask = pod.ask
        needs_all = bool(ask.spread) or not self._is_system
        keys = _keys(wanted)
        labelled = [node for node in nodes if all(key in node.labels for key in keys)] if needs_all else nodes
        costs = [_costs(self._population, one, keys if needs_all else (), ask, labelled) for one in wanted]
        return _rate(costs, _IGNORED if needs_all else None)

    def pod_helps(self, pod: PodInfo, old: PodInfo | None, new: PodInfo | None) -> bool:
        """Whether a Pod on a node that came, went, or has other labels counts, or counts no more."""
        other = new or old
        assert other is not None
        if other.ask.namespace != pod.ask.namespace:
            return False
        wanted = self._constraints(pod, _HARD)
        if old is not None and new is not None:
            return any(one.selector.picks(old.ask.labels) != one.selector.picks(new.ask.labels) for one in wanted)
        return any(one.selector.picks(other.ask.labels) for one in wanted)

    def own_change_helps(self, pod: PodInfo, old: PodInfo, new: PodInfo) -> bool:
        """Whether the Pod now counts other Pods or other nodes."""
        wanted = self._constraints(new, _HARD)
        if old.ask.tolerations != new.ask.tolerations and any(one.honors_taints for one in wanted):
            return True
        return any(one.selector.picks(old.ask.labels) != one.selector.picks(new.ask.labels) for one in wanted)

    def node_helps(self, pod: PodInfo, old: Node | None, new: Node | None) -> bool:
        """Whether a node that came, went, or changed is one over which the Pod is spread."""
        keys = _keys(self._constraints(pod, _HARD))
        before = old is not None and all(key in old.metadata.labels for key in keys)
        after = new is not None and all(key in new.metadata.labels for key in keys)
        if old is None or new is None or before != after:
            return before or after
        if not after:
            return False
        moved = any(old.metadata.labels[key] != new.metadata.labels[key] for key in keys)
        return moved or old.spec.taints != new.spec.taints

    def _constraints(self, pod: PodInfo, action: str) -> tuple[Constraint, ...]:
        ask = pod.ask
        if not ask.spread:
            return self._default_constraints(pod, action)
        found = self._own.get((ask, action))
        if found is None:
            if len(self._own) >= _KEPT:
                self._own.clear()
            self._own[ask, action] = found = constraints(ask.spread, action, ask)
        return found

    def _default_constraints(self, pod: PodInfo, action: str) -> tuple[Constraint, ...]:
        defaults = self._defaults[action]
        if not defaults:
            return ()
        selector = self._siblings.of(pod)
        if selector.is_everything:
            return ()
        return tuple(Constraint(one.topology_key, one.max_skew, selector, one.min_domains or 1) for one in defaults)


_ACTIONS = (_HARD, _SOFT)
_Costs = tuple[str, Mapping[str, int], float, float]
"""(key, Pods by value or by node, what each of them costs, what any node costs)."""


def _costs(
    population: Population, one: Constraint, keys: tuple[str, ...], ask: Ask, nodes: Sequence[NodeInfo]
) -> _Costs:
    """Pods weigh more where there are many values, so that few zones are not drowned by many nodes."""
    if one.key == HOSTNAME:
        return one.key, by_node(population, one, ask).counts, log(len(nodes) + 2), one.max_skew - 1
    size = len({node.labels.get(one.key) for node in nodes})
    return one.key, domains(population, one, keys, ask).counts, log(size + 2), one.max_skew - 1


def _rate(costs: Sequence[_Costs], without: int | None) -> Rate:
    """The sum of all costs; `without` is the rating of nodes that lack a label (None: they cost nothing for it).

    Nodes are rated by the thousand, but of a zone's nodes with equally many siblings only the first is worked out.
    """
    zones = [one for one in costs if one[0] != HOSTNAME]
    hosts = [one for one in costs if one[0] == HOSTNAME]
    worked_out: dict[tuple[str | None, int, bool], int] = {}
    only = zones[0][0] if zones else ""
    by_host = hosts[0][1] if hosts else {}

    def full(node: NodeInfo) -> int:
        labels, total = node.labels, 0.0
        for key, counts, weight, base in costs:
            value = labels.get(key)
            if value is not None:
                total += counts.get(node.name if key == HOSTNAME else value, 0) * weight + base
            elif without is not None:
                return without
        return int(total + 0.5)

    def rate(node: NodeInfo) -> int:
        labels = node.labels
        like = (labels.get(only), by_host.get(node.name, 0), HOSTNAME in labels)
        known = worked_out.get(like)
        if known is None:
            worked_out[like] = known = full(node)
        return known

    return full if len(zones) > 1 or len(hosts) > 1 else rate


def _keys(wanted: Sequence[Constraint]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.key for one in wanted))


def fewest_first(ratings: Sequence[int]) -> Sequence[int]:
    """Scale so that the lowest rating comes first; nodes to be ignored get nothing."""
    known = [rating for rating in ratings if rating != _IGNORED]
    most = max(known, default=0)
    if not most:
        return [0 if rating == _IGNORED else 100 for rating in ratings]
    least = min(known)
    return [0 if rating == _IGNORED else 100 * (most + least - rating) // most for rating in ratings]
