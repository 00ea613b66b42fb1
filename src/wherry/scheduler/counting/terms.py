"""What a Pod says of other Pods, in a form that is compared and matched quickly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from wherry.api.meta.requirement import holds
from wherry.api.types.core_v1 import PodAffinity, PodAffinityTerm, PodAntiAffinity
from wherry.api.types.meta_v1 import LabelSelector
from wherry.scheduler.model import Ask


class Selection(Struct, frozen=True):
    """A label selector as a value; without requirements it picks everything."""

    equal: tuple[tuple[str, str], ...] = ()
    requirements: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(key, operator, values)"""
    is_nothing: bool = False

    @property
    def is_everything(self) -> bool:
        return not (self.equal or self.requirements or self.is_nothing)

    def picks(self, labels: Mapping[str, str]) -> bool:
        if self.is_nothing:
            return False
        for key, value in self.equal:
            if labels.get(key) != value:
                return False
        return all(holds(operator, labels.get(key), values) for key, operator, values in self.requirements)

    def and_equal(self, labels: Mapping[str, str]) -> Selection:
        """The same, and these labels too."""
        if self.is_nothing:
            return self
        return Selection(tuple(sorted({*self.equal, *labels.items()})), self.requirements)

    def and_also(self, other: Selection) -> Selection:
        """What both pick."""
        if self.is_nothing or other.is_nothing:
            return NOTHING
        return Selection(
            tuple(sorted({*self.equal, *other.equal})),
            tuple(dict.fromkeys((*self.requirements, *other.requirements))),
        )


NOTHING = Selection(is_nothing=True)
EVERYTHING = Selection()


def selection(selector: LabelSelector | None) -> Selection:
    """What a view's selector picks: an absent one nothing, an empty one everything."""
    if selector is None:
        return NOTHING
    return Selection(
        tuple(sorted(selector.match_labels.items())),
        tuple((one.key, one.operator, tuple(one.values)) for one in selector.match_expressions),
    )


class Term(Struct, frozen=True):
    """Pods that `selector` picks in some namespaces, and the label of nodes by which one is near them."""

    namespaces: frozenset[str]
    of_namespaces: Selection
    """Picks further namespaces by their labels."""
    selector: Selection
    key: str

    def picks(self, namespace: str, labels: Mapping[str, str], of_namespace: Mapping[str, str]) -> bool:
        """Whether a Pod of this namespace (which has the labels `of_namespace`) is meant."""
        return self.selector.picks(labels) and (namespace in self.namespaces or self.of_namespaces.picks(of_namespace))

    @property
    def home(self) -> str | None:
        """The one namespace whose Pods may be meant; None when there may be several."""
        if self.of_namespaces.is_nothing and len(self.namespaces) == 1:
            return next(iter(self.namespaces))
        return None


class Terms(Struct, frozen=True):
    """All that a Pod says of others."""

    affinity: tuple[Term, ...] = ()
    anti_affinity: tuple[Term, ...] = ()
    preferred: tuple[tuple[Term, int], ...] = ()
    """With weights, which are negative for anti-affinity."""

    def __bool__(self) -> bool:
        return bool(self.affinity or self.anti_affinity or self.preferred)


NO_TERMS = Terms()


def terms_of(ask: Ask) -> Terms:
    """The terms of inter-pod affinity and anti-affinity in what a Pod asks."""
    affinity = ask.affinity
    if affinity is None or (affinity.pod_affinity is None and affinity.pod_anti_affinity is None):
        return NO_TERMS
    near, far = affinity.pod_affinity or PodAffinity(), affinity.pod_anti_affinity or PodAntiAffinity()
    weighted = [
        (one.pod_affinity_term, sign * one.weight)
        for side, sign in ((near, 1), (far, -1))
        for one in side.preferred_during_scheduling_ignored_during_execution
    ]
    return Terms(
        _terms(near.required_during_scheduling_ignored_during_execution, ask),
        _terms(far.required_during_scheduling_ignored_during_execution, ask),
        tuple((_term(term, ask), weight) for term, weight in weighted),
    )


def _terms(terms: Iterable[PodAffinityTerm], ask: Ask) -> tuple[Term, ...]:
    return tuple(_term(term, ask) for term in terms)


def _term(term: PodAffinityTerm, ask: Ask) -> Term:
    namespaces = frozenset(term.namespaces)
    if not namespaces and term.namespace_selector is None:
        namespaces = frozenset((ask.namespace,))
    return Term(namespaces, selection(term.namespace_selector), selection(term.label_selector), term.topology_key)
