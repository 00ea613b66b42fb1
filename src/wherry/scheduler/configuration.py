"""What a scheduler is told to do: its profiles, and what holds for all of them. The defaults are upstream's.

`config/` makes it of a file; tests and programs make it themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from wherry.lib.discreet import Discreet
from wherry.scheduler.catalog import PLUGINS, WEIGHTS
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.implementing import implements
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import Planner
from wherry.scheduler.profile import DEFAULT_NAME, Profile, Writing, make_profile
from wherry.scheduler.queue import Backoff
from wherry.scheduler.rules import Handle, Make, Plugin


class ProfileSettings(Struct, frozen=True):
    """The plugins of one scheduler name by what of them is used, each in order; None: all of ours."""

    name: str = DEFAULT_NAME
    filters: tuple[str, ...] | None = None
    """With what they reserve, and their hints."""
    scores: Mapping[str, int] | None = None
    """With their weights."""
    gates: tuple[str, ...] | None = None
    preemption: tuple[str, ...] | None = None
    order: tuple[str, ...] | None = None
    """One of them must order the queue. None: what `filters` has for that, or else ours; `binders` too."""
    permits: tuple[str, ...] | None = None
    binders: tuple[str, ...] | None = None
    post_binds: tuple[str, ...] | None = None
    explicit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By kind of plugin, those that must be of that kind."""
    args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    percentage: int | None = None


class TlsSettings(Discreet, frozen=True):
    """How to know an extender, and be known to it. Data is PEM and goes before files."""

    UNSHOWN = frozenset({"key_data"})

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    cert_data: bytes = b""
    key_data: bytes = b""
    ca_data: bytes = b""


class ExtenderSettings(Struct, frozen=True, kw_only=True):
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


class Configuration(Struct, frozen=True):
    """All of it."""

    profiles: tuple[ProfileSettings, ...] = (ProfileSettings(),)
    percentage: int = 0
    """Of nodes that are enough to choose from; 0: fewer the larger the cluster is."""
    backoff: Backoff = field(default_factory=Backoff)
    plugins: Mapping[str, Make] = field(default_factory=dict)
    """Others than ours, by name."""
    extenders: tuple[ExtenderSettings, ...] = ()


class UnusableProfile(ValueError):
    """Plugins do not make a profile together; only when they have been made can that be known."""


def make_profiles(configuration: Configuration, handle: Handle) -> Sequence[Profile]:
    """Have every profile's plugins made; raises UnusableProfile."""
    makers = {**PLUGINS, **configuration.plugins}
    profiles = [_profile(settings, makers, handle) for settings in configuration.profiles]
    first = _order_of(profiles[0])
    for profile in profiles[1:]:
        if (order := _order_of(profile)) != first:
            text = f'different queue sort plugins for profile "{profile.name}": "{order}", first: "{first}"'
            raise UnusableProfile(text)
    return profiles


def make_planners(
    configuration: Configuration, profiles: Sequence[Profile], cluster: Cluster, nominations: Nominations
) -> dict[str, Planner]:
    """Who decides for each profile, by its name."""
    extended, percentage = bool(configuration.extenders), configuration.percentage
    return {one.name: Planner(one, cluster, nominations, percentage, is_extended=extended) for one in profiles}


def _profile(settings: ProfileSettings, makers: Mapping[str, Make], handle: Handle) -> Profile:
    ours = tuple(PLUGINS)
    filters = ours if settings.filters is None else settings.filters
    scores = {name: WEIGHTS.get(name, 1) for name in ours} if settings.scores is None else settings.scores
    points = (settings.gates, settings.preemption, settings.order, settings.permits)
    others = (*points, settings.binders, settings.post_binds)
    names = dict.fromkeys((*filters, *scores, *(name for point in others for name in point or ())))
    made = {name: _made(name, makers, settings.args.get(name, {}), handle) for name in names}

    def chosen(point: tuple[str, ...] | None) -> list[Plugin]:
        return [made[name] for name in (filters if point is None else point)]

    def needed(point: tuple[str, ...] | None, kind: str, otherwise: str) -> list[Plugin]:
        found = [plugin for plugin in chosen(point) if implements(plugin, kind, is_ours=False)]
        return found if found or point is not None else [makers[otherwise]({}, handle)]

    _check_explicit(settings, made, makers)
    order = needed(settings.order, "QueueSortPlugin", "PrioritySort")
    if len(order) != 1:
        of = f'for profile with scheduler name "{settings.name}"'
        raise UnusableProfile(f"only one queue sort plugin required {of}, but got {len(order)}")
    binders = needed(settings.binders, "BindPlugin", "DefaultBinder")
    if not binders:
        raise UnusableProfile(f'at least one bind plugin is needed for profile with scheduler name "{settings.name}"')
    return make_profile(
        settings.name,
        chosen(filters),
        [(made[name], weight) for name, weight in scores.items()],
        gates=chosen(settings.gates),
        preemption=chosen(settings.preemption),
        writing=Writing(order, chosen(settings.permits), binders, chosen(settings.post_binds)),
        percentage=settings.percentage,
    )


def _made(name: str, makers: Mapping[str, Make], args: Mapping[str, Any], handle: Handle) -> Plugin:
    try:
        return makers[name](args, handle)
    except Exception as error:  # A plugin is not ours to trust.
        raise UnusableProfile(f'initializing plugin "{name}": {error}') from error


def _check_explicit(settings: ProfileSettings, made: Mapping[str, Plugin], makers: Mapping[str, Make]) -> None:
    for kind, wanted in settings.explicit.items():
        for number, name in enumerate(wanted):
            if not implements(made[name], kind, is_ours=makers[name] is PLUGINS.get(name)):
                raise UnusableProfile(f'plugin "{name}" does not extend {kind} plugin')
            if name in wanted[:number]:
                raise UnusableProfile(f'plugin "{name}" already registered as "{kind}"')


def _order_of(profile: Profile) -> str:
    return profile.order[0] if profile.order is not None else ""
