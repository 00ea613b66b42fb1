"""The rules that a Pod's scheduler name stands for, sorted by how they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from wherry.scheduler.rules import (
    Bind,
    Filter,
    Gate,
    Hint,
    Nowhere,
    Order,
    Permit,
    Plugin,
    PostBind,
    Preemption,
    Score,
)

DEFAULT_NAME = "default-scheduler"


class NamedFilter(Struct, frozen=True):
    """A filter with the name of its plugin."""

    plugin: str
    rule: Filter


class Weighted(Struct, frozen=True):
    """A score with what it counts in this profile."""

    plugin: str
    rule: Score
    weight: int


class LastResort(Struct, frozen=True):
    """What a plugin does for Pods that fit nowhere, and which plugins are asked before it."""

    ask: Nowhere
    before: frozenset[str]


class Profile(Struct, frozen=True):
    """Plugins in use. Answers of `kept` rules, which have a sign, hold for all alike; `fresh` ones are asked anew."""

    name: str
    kept_filters: Sequence[NamedFilter]
    fresh_filters: Sequence[NamedFilter]
    kept_scores: Sequence[Weighted]
    fresh_scores: Sequence[Weighted]
    gates: Sequence[tuple[str, Gate]]
    hints: Mapping[str, Sequence[Hint]]
    """By plugin."""
    preemption: Preemption | None
    last_resorts: Sequence[LastResort]
    order: tuple[str, Order] | None = None
    permits: Sequence[tuple[str, Permit]] = ()
    binders: Sequence[tuple[str, Bind]] = ()
    """Asked one after the other until one has bound the Pod."""
    post_binds: Sequence[tuple[str, PostBind]] = ()
    percentage: int | None = None
    """Of nodes that are enough to choose from; None: as for all profiles."""

    def all_hints(self) -> Iterator[Hint]:
        for hints in self.hints.values():
            yield from hints


class Writing(Struct, frozen=True):
    """The plugins that have a say before a decision and after it: who is next, who may be bound, and by whom."""

    order: Sequence[Plugin]
    permits: Sequence[Plugin]
    binders: Sequence[Plugin]
    post_binds: Sequence[Plugin]


def make_profile(
    name: str,
    plugins: Sequence[Plugin],
    scoring: Sequence[tuple[Plugin, int]],
    *,
    gates: Sequence[Plugin] | None = None,
    preemption: Sequence[Plugin] | None = None,
    writing: Writing | None = None,
    percentage: int | None = None,
) -> Profile:
    """Sort what plugins are made of: the filters of `plugins` (and all else, unless others are given)."""
    filters = [NamedFilter(one.name, one.filter) for one in plugins if one.filter is not None]
    scores = [Weighted(one.name, one.score, weight) for one, weight in scoring if one.score is not None]
    gates = plugins if gates is None else gates
    preemption = plugins if preemption is None else preemption
    writing = Writing(plugins, plugins, plugins, plugins) if writing is None else writing
    others = (*writing.order, *writing.permits, *writing.binders, *writing.post_binds)
    return Profile(
        name=name,
        kept_filters=[one for one in filters if one.rule.sign is not None],
        fresh_filters=[one for one in filters if one.rule.sign is None],
        kept_scores=[one for one in scores if one.rule.sign is not None],
        fresh_scores=[one for one in scores if one.rule.sign is None],
        gates=[(one.name, one.gate) for one in gates if one.gate is not None],
        hints={one.name: one.hints for one in (*plugins, *gates, *others)},
        last_resorts=_last_resorts(plugins, preemption),
        preemption=next((one.preemption for one in preemption if one.preemption is not None), None),
        order=next(((one.name, one.order) for one in writing.order if one.order is not None), None),
        permits=[(one.name, one.permit) for one in writing.permits if one.permit is not None],
        binders=[(one.name, one.bind) for one in writing.binders if one.bind is not None],
        post_binds=[(one.name, one.post_bind) for one in writing.post_binds if one.post_bind is not None],
        percentage=percentage,
    )


def _last_resorts(plugins: Sequence[Plugin], chosen: Sequence[Plugin]) -> list[LastResort]:
    """Of those that are `chosen` for it; who has refused a Pod before them is known from the order of all."""
    names = [one.name for one in plugins]
    return [
        LastResort(one.nowhere, frozenset(names[: names.index(one.name)] if one.name in names else names))
        for one in chosen
        if one.nowhere is not None
    ]
