"""Which plugins are used where: the defaults, with what a profile enables and disables.

Upstream's order: first what the point itself configures of those enabled everywhere, then the others enabled
everywhere, then what is enabled at the point alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from wherry.scheduler.config.document import PluginEntry, Plugins, PluginSet

ALL = "*"


def everywhere(chosen: PluginSet, defaults: Mapping[str, int]) -> dict[str, int]:
    """The plugins of all points, with weights: the defaults that are not disabled, in place, then the others."""
    disabled = {entry.name for entry in chosen.disabled}
    own = {entry.name: entry for entry in chosen.enabled}
    found: dict[str, int] = {}
    for name, weight in defaults.items():
        if ALL not in disabled and name not in disabled:
            found[name] = _weight(own.pop(name, None), weight)
    return found | {name: _weight(entry, 1) for name, entry in own.items()}


def enabled(point: PluginSet, multi: Mapping[str, int]) -> dict[str, int]:
    """The plugins of one point, with weights."""
    disabled = {entry.name for entry in point.disabled}
    own = {entry.name: entry for entry in point.enabled}
    general = {} if ALL in disabled else {name: weight for name, weight in multi.items() if name not in disabled}
    overridden = {name: _weight(entry, general[name]) for name, entry in own.items() if name in general}
    general = {name: weight for name, weight in general.items() if name not in own}
    return overridden | general | {name: _weight(entry, 1) for name, entry in own.items() if name not in overridden}


def explicit(plugins: Plugins) -> dict[str, tuple[str, ...]]:
    """What is enabled by name, by point: such a plugin must have something there."""
    points = {
        "PreEnqueuePlugin": plugins.pre_enqueue,
        "QueueSortPlugin": plugins.queue_sort,
        "PreFilterPlugin": plugins.pre_filter,
        "FilterPlugin": plugins.filter,
        "PostFilterPlugin": plugins.post_filter,
        "PreScorePlugin": plugins.pre_score,
        "ScorePlugin": plugins.score,
        "ReservePlugin": plugins.reserve,
        "PermitPlugin": plugins.permit,
        "PreBindPlugin": plugins.pre_bind,
        "BindPlugin": plugins.bind,
        "PostBindPlugin": plugins.post_bind,
    }
    return {point: tuple(entry.name for entry in chosen.enabled) for point, chosen in points.items() if chosen.enabled}


def _weight(entry: PluginEntry | None, otherwise: int) -> int:
    return entry.weight if entry is not None and entry.weight else otherwise
