"""Topology spread constraints in the form in which they are counted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import msgspec
from msgspec import Struct

from wherry.api.core.placement import allows, untolerated
from wherry.api.types.core_v1 import TopologySpreadConstraint
from wherry.scheduler.counting.population import Population
from wherry.scheduler.counting.tally import Domains, Home, NodeTally, Tally
from wherry.scheduler.counting.terms import Selection, selection
from wherry.scheduler.model import Ask

HOSTNAME = "kubernetes.io/hostname"
_KEEPS_OUT = ("NoSchedule", "NoExecute")


class Constraint(Struct, frozen=True):
    """At most `max_skew` more of the picked Pods here than where there are fewest."""

    key: str
    max_skew: int
    selector: Selection
    min_domains: int = 1
    honors_affinity: bool = True
    """Only nodes that the Pod's node selector and affinity allow are counted."""
    honors_taints: bool = False
    """Only nodes whose taints the Pod tolerates are counted."""


def constraints(spread: Iterable[TopologySpreadConstraint], action: str, ask: Ask) -> tuple[Constraint, ...]:
    """Those of a Pod (or of the settings) that say `action` when they cannot be kept."""
    return tuple(_constraint(one, ask) for one in spread if one.when_unsatisfiable == action)


def _constraint(one: TopologySpreadConstraint, ask: Ask) -> Constraint:
    equal = {key: ask.labels[key] for key in one.match_label_keys if key in ask.labels}
    return Constraint(
        key=one.topology_key,
        max_skew=one.max_skew,
        selector=selection(one.label_selector).and_equal(equal) if equal else selection(one.label_selector),
        min_domains=one.min_domains or 1,
        honors_affinity=one.node_affinity_policy != "Ignore",
        honors_taints=one.node_taints_policy == "Honor",
    )


def domains(population: Population, one: Constraint, keys: tuple[str, ...], ask: Ask) -> Domains:
    """How many siblings there are by value of the constraint's key, among nodes that have all of `keys`."""
    name = ("spread", ask.namespace, one.selector, one.key, keys, _eligibility(one, ask))
    found = population.count(
        name,
        lambda: Domains(one.key, _admits(one, keys, ask)),
        _picks(one.selector),
        ask.namespace,
        counts_terminating=False,
    )
    assert isinstance(found, Domains)
    return found


def by_node(population: Population, one: Constraint, ask: Ask) -> Tally:
    """How many siblings there are by name of the node."""
    name = ("by node", ask.namespace, one.selector)
    return population.count(name, NodeTally, _picks(one.selector), ask.namespace, counts_terminating=False)


def _picks(selector: Selection) -> Callable[[Ask], bool]:
    """Whom to count; upstream counts nobody by a selector that picks everybody."""
    if selector.is_everything:
        return lambda ask: False
    return lambda ask: selector.picks(ask.labels)


def _eligibility(one: Constraint, ask: Ask) -> Hashable:
    """What of a Pod decides which nodes are counted, as cheaply as it can be compared."""
    of_nodes = ask.affinity.node_affinity if ask.affinity is not None else None
    by_affinity = one.honors_affinity and (ask.node_selector or of_nodes is not None)
    return (
        msgspec.json.encode((ask.node_selector, of_nodes)) if by_affinity else b"",
        msgspec.json.encode(ask.tolerations) if one.honors_taints else None,
    )


def _admits(one: Constraint, keys: tuple[str, ...], ask: Ask) -> Callable[[Home], bool]:
    def admits(home: Home) -> bool:
        labels = home.labels
        if not all(key in labels for key in keys):
            return False
        if one.honors_affinity and not allows(ask.node_selector, ask.affinity, labels, home.name):
            return False
        return not one.honors_taints or untolerated(home.taints, ask.tolerations, _KEEPS_OUT) is None

    return admits
