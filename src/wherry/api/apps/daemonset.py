"""DaemonSets: one pod on each node that fits."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.rules import not_negative, same_selector, warn
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.core.podspec.template import validate_selected_template
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.intorstring import as_count, validate_at_most_100, validate_positive
from wherry.api.meta.labels import format_label_selector, format_labels
from wherry.api.resource import STATUS, Cell, Column, Resource, lookup
from wherry.api.schema import schema


def _node_selector(daemon_set: Obj, _: float) -> Cell:
    return format_labels(lookup(daemon_set, ".spec.template.spec.nodeSelector"))


_STRATEGIES = ("OnDelete", "RollingUpdate")


def set_defaults(daemon_set: Obj) -> None:
    spec = daemon_set.setdefault("spec", {})
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    template_defaults(spec.setdefault("template", {}))


def validate(daemon_set: Obj) -> list[FieldError]:
    spec = daemon_set["spec"]
    faults = validate_selected_template(spec, "spec", empty="empty selector is invalid for daemonset")
    faults += not_negative(spec, ("minReadySeconds", "revisionHistoryLimit"))
    strategy, path = spec["updateStrategy"], "spec.updateStrategy"
    if strategy["type"] not in _STRATEGIES:
        faults.append(not_supported(path + ".type", strategy["type"], _STRATEGIES))
    elif strategy["type"] == "RollingUpdate":
        faults += _validate_rolling(strategy.get("rollingUpdate") or {}, path + ".rollingUpdate")
    return faults


def _validate_rolling(rolling: Obj, path: str) -> list[FieldError]:
    """One pod a node: either the old one goes first or the new one comes first."""
    missing, extra = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    faults = validate_positive(missing, path + ".maxUnavailable") + validate_positive(extra, path + ".maxSurge")
    if faults:
        return faults
    if as_count(missing) and as_count(extra):
        faults.append(invalid(path + ".maxSurge", extra, "may not be set when maxUnavailable is non-zero"))
    elif not as_count(missing) and not as_count(extra):
        faults.append(required(path + ".maxUnavailable", "cannot be 0 when maxSurge is 0"))
    faults += validate_at_most_100(missing, path + ".maxUnavailable")
    return faults + validate_at_most_100(extra, path + ".maxSurge")


DAEMONSETS = Resource(
    group="apps",
    version="v1",
    kind="DaemonSet",
    plural="daemonsets",
    schema=schema("apps/v1", "DaemonSet"),
    short_names=("ds",),
    categories=("all",),
    has_generation=True,
    columns=(
        NAME,
        Column("Desired", number("status.desiredNumberScheduled"), "integer"),
        Column("Current", number("status.currentNumberScheduled"), "integer"),
        Column("Ready", number("status.numberReady"), "integer"),
        Column("Up-to-date", number("status.updatedNumberScheduled"), "integer"),
        Column("Available", number("status.numberAvailable"), "integer"),
        Column("Node Selector", _node_selector),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", lambda ds, _: format_label_selector((ds.get("spec") or {}).get("selector")), priority=1),
    ),
    subresources=(STATUS,),
    defaults=set_defaults,
    validate=validate,
    validate_update=same_selector,
    warnings=warn,
)
