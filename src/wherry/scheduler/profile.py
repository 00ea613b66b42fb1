"""The rules that a Pod's scheduler name stands for, sorted by how they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wherry.scheduler.catalog import PLUGINS, WEIGHTS
from wherry.scheduler.rules import Filter, Handle, Make, Plugin, Score

DEFAULT_NAME = "default-scheduler"


@dataclass(frozen=True, slots=True)
class NamedFilter:
    """A filter with the name of its plugin."""

    plugin: str
    rule: Filter


@dataclass(frozen=True, slots=True)
class Weighted:
    """A score with what it counts in this profile."""

    plugin: str
    rule: Score
    weight: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Plugins in use. Answers of `kept` rules, which have a sign, hold for all alike; `fresh` ones are asked anew."""

    name: str
    plugins: Sequence[Plugin]
    kept_filters: Sequence[NamedFilter]
    fresh_filters: Sequence[NamedFilter]
    kept_scores: Sequence[Weighted]
    fresh_scores: Sequence[Weighted]
    percentage: int | None = None
    """Of nodes that are enough to choose from; None: as for all profiles."""


def make_profile(
    name: str,
    plugins: Sequence[Plugin],
    weights: Mapping[str, int] = WEIGHTS,
    percentage: int | None = None,
) -> Profile:
    """Sort what plugins are made of."""
    filters = [NamedFilter(one.name, one.filter) for one in plugins if one.filter is not None]
    scores = [Weighted(one.name, one.score, weights.get(one.name, 1)) for one in plugins if one.score is not None]
    return Profile(
        name=name,
        plugins=plugins,
        kept_filters=[one for one in filters if one.rule.sign is not None],
        fresh_filters=[one for one in filters if one.rule.sign is None],
        kept_scores=[one for one in scores if one.rule.sign is not None],
        fresh_scores=[one for one in scores if one.rule.sign is None],
        percentage=percentage,
    )


def default_profile(handle: Handle, plugins: Mapping[str, Make] = PLUGINS, name: str = DEFAULT_NAME) -> Profile:
    """All plugins with their defaults."""
    return make_profile(name, [make({}, handle) for make in plugins.values()])
