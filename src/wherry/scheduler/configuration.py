"""What a scheduler is told to do: its profiles, and what holds for all of them. The defaults are upstream's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wherry.scheduler.catalog import PLUGINS, WEIGHTS
from wherry.scheduler.profile import DEFAULT_NAME, Profile, make_profile
from wherry.scheduler.queue import Backoff
from wherry.scheduler.rules import Handle, Make


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """The plugins of one scheduler name, in order. Filters and scores can be switched off one by one."""

    name: str = DEFAULT_NAME
    filters: tuple[str, ...] | None = None
    """Names of the plugins whose filters (with gates, preemption and what they reserve) are used; None: all."""
    scores: Mapping[str, int] | None = None
    """Weights of the plugins whose scores are used; None: as by default."""
    args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    percentage: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it."""

    profiles: tuple[ProfileSettings, ...] = (ProfileSettings(),)
    percentage: int = 0
    """Of nodes that are enough to choose from; 0: fewer the larger the cluster is."""
    backoff: Backoff = field(default_factory=Backoff)
    plugins: Mapping[str, Make] = field(default_factory=dict)
    """Others than ours, by name."""


def make_profiles(configuration: Configuration, handle: Handle) -> Sequence[Profile]:
    """Have every profile's plugins made."""
    makers = {**PLUGINS, **configuration.plugins}
    return [_profile(settings, makers, handle) for settings in configuration.profiles]


def _profile(settings: ProfileSettings, makers: Mapping[str, Make], handle: Handle) -> Profile:
    filters = tuple(PLUGINS) if settings.filters is None else settings.filters
    scores = {name: WEIGHTS.get(name, 1) for name in PLUGINS} if settings.scores is None else settings.scores
    names = dict.fromkeys((*filters, *scores))
    made = {name: makers[name](settings.args.get(name, {}), handle) for name in names}
    return make_profile(
        settings.name,
        [made[name] for name in filters],
        [(made[name], weight) for name, weight in scores.items()],
        settings.percentage,
    )
