"""What a scheduler is told to do: its profiles, and what holds for all of them. The defaults are upstream's.

`config/` makes it of a file; tests and programs make it themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wherry.scheduler.catalog import PLUGINS, WEIGHTS
from wherry.scheduler.profile import DEFAULT_NAME, Profile, make_profile
from wherry.scheduler.queue import Backoff
from wherry.scheduler.rules import Handle, Make, Plugin


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """The plugins of one scheduler name by what of them is used, each in order; None: all of ours."""

    name: str = DEFAULT_NAME
    filters: tuple[str, ...] | None = None
    """With what they reserve, and their hints."""
    scores: Mapping[str, int] | None = None
    """With their weights."""
    gates: tuple[str, ...] | None = None
    preemption: tuple[str, ...] | None = None
    explicit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By kind of plugin, those that must be of that kind."""
    args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    percentage: int | None = None


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How to know an extender, and be known to it. Data is PEM and goes before files."""

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    cert_data: bytes = b""
    key_data: bytes = field(default=b"", repr=False)
    ca_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtenderSettings:
    """An HTTP server that is asked too. Verbs are the ends of paths; what has no verb is not asked."""

    url: str
    filter_verb: str = ""
    prioritize_verb: str = ""
    preempt_verb: str = ""
    bind_verb: str = ""
    weight: int = 1
    timeout: float = 5.0
    has_nodes: bool = False
    """It knows the nodes itself: names suffice."""
    resources: frozenset[str] = frozenset()
    """It cares only for Pods that ask for one of these; for all if there are none."""
    is_ignorable: bool = False
    """Pods are placed without it when it does not answer."""
    tls: TlsSettings | None = None
    is_https: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it."""

    profiles: tuple[ProfileSettings, ...] = (ProfileSettings(),)
    percentage: int = 0
    """Of nodes that are enough to choose from; 0: fewer the larger the cluster is."""
    backoff: Backoff = field(default_factory=Backoff)
    plugins: Mapping[str, Make] = field(default_factory=dict)
    """Others than ours, by name."""
    extenders: tuple[ExtenderSettings, ...] = ()


def make_profiles(configuration: Configuration, handle: Handle) -> Sequence[Profile]:
    """Have every profile's plugins made; raises ValueError for one that is used as what it is not."""
    makers = {**PLUGINS, **configuration.plugins}
    return [_profile(settings, makers, handle) for settings in configuration.profiles]


def _profile(settings: ProfileSettings, makers: Mapping[str, Make], handle: Handle) -> Profile:
    ours = tuple(PLUGINS)
    filters = ours if settings.filters is None else settings.filters
    gates = filters if settings.gates is None else settings.gates
    preemption = filters if settings.preemption is None else settings.preemption
    scores = {name: WEIGHTS.get(name, 1) for name in ours} if settings.scores is None else settings.scores
    names = dict.fromkeys((*filters, *gates, *preemption, *scores))
    made = {name: makers[name](settings.args.get(name, {}), handle) for name in names}
    for kind, wanted in settings.explicit.items():
        for name in wanted:
            if not _is(made[name], kind):
                raise ValueError(f'plugin "{name}" does not extend {kind} plugin')
    return make_profile(
        settings.name,
        [made[name] for name in filters],
        [(made[name], weight) for name, weight in scores.items()],
        gates=[made[name] for name in gates],
        preemption=[made[name] for name in preemption],
        percentage=settings.percentage,
    )


def _is(plugin: Plugin, kind: str) -> bool:
    parts = {
        "PreEnqueuePlugin": plugin.gate,
        "FilterPlugin": plugin.filter,
        "PostFilterPlugin": plugin.preemption,
        "ScorePlugin": plugin.score,
    }
    return parts[kind] is not None
