"""At which of upstream's points a plugin can be named.

Of a plugin here one part may stand for several points: what a filter prepares, reserves and does before a binding, and
what a score prepares, are points of their own upstream. Who writes a plugin gets them all; of upstream's own each has
only those that it uses, and a configuration that names it at another is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from wherry.scheduler.rules import Plugin

_HOLDING = frozenset({"DynamicResources", "VolumeBinding"})
_ONLY: Mapping[str, frozenset[str]] = {"ReservePlugin": _HOLDING, "PreBindPlugin": _HOLDING}
"""Those of upstream's plugins that have a point which few have."""
_NOT: Mapping[str, frozenset[str]] = {
    "PreFilterPlugin": frozenset({"NodeName", "NodeUnschedulable", "TaintToleration"}),
    "PreScorePlugin": frozenset({"DynamicResources", "ImageLocality"}),
}
"""Those of upstream's plugins that lack a point which the others of their kind have."""
_ALSO: Mapping[str, frozenset[str]] = {"PreEnqueuePlugin": frozenset({"DefaultPreemption"})}
"""Those that do upstream at a point what is done elsewhere here: a Pod that evicts others waits behind our own gate."""


def implements(plugin: Plugin, point: str, *, is_ours: bool) -> bool:
    """Whether the plugin can be named at a point; `is_ours` if it is one of upstream's."""
    name = plugin.name
    if is_ours:
        if name in _ALSO.get(point, ()):
            return True
        if name in _NOT.get(point, ()) or (point in _ONLY and name not in _ONLY[point]):
            return False
    return _parts(plugin)[point] is not None


def _parts(plugin: Plugin) -> Mapping[str, object]:
    return {
        "PreEnqueuePlugin": plugin.gate,
        "QueueSortPlugin": plugin.order,
        "PreFilterPlugin": plugin.filter,
        "FilterPlugin": plugin.filter,
        "PostFilterPlugin": plugin.preemption or plugin.nowhere,
        "PreScorePlugin": plugin.score,
        "ScorePlugin": plugin.score,
        "ReservePlugin": plugin.filter,
        "PermitPlugin": plugin.permit,
        "PreBindPlugin": plugin.filter,
        "BindPlugin": plugin.bind,
        "PostBindPlugin": plugin.post_bind,
    }
