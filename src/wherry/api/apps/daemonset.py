"""DaemonSets: one pod on each node that fits."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.rules import not_decremented, not_negative, same_selector, validate_endless_template, warn
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.intorstring import as_count, validate_at_most_100, validate_positive
from wherry.api.meta.labels import format_label_selector, format_labels
from wherry.api.resource import STATUS, Cell, Column, Resource, lookup
from wherry.api.schema import schema


def _node_selector(daemon_set: Obj, _: float) -> Cell:
    return format_labels(lookup(daemon_set, ".spec.template.spec.nodeSelector"))


_STRATEGIES = ("RollingUpdate", "OnDelete")
_GENERATION = "deprecated.daemonset.template.generation"
"""Clients of the oldest versions read here how often the template has changed."""


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


def prepare_create(daemon_set: Obj) -> None:
    _count_template(daemon_set, max(_template_generation(daemon_set), 1))


def prepare_update(new: Obj, old: Obj) -> None:
    changed = new["spec"].get("template") != old["spec"].get("template")
    _count_template(new, _template_generation(old) + changed)


def _template_generation(daemon_set: Obj) -> int:
    try:
        return int((daemon_set["metadata"].get("annotations") or {}).get(_GENERATION) or 0)
    except ValueError:
        return 0


def _count_template(daemon_set: Obj, number: int) -> None:
    annotations = daemon_set["metadata"].get("annotations") or {}
    daemon_set["metadata"]["annotations"] = {**annotations, _GENERATION: str(number)}


def validate(daemon_set: Obj) -> list[FieldError]:
    spec = daemon_set["spec"]
    faults = validate_endless_template(spec, "DaemonSet", "empty selector is invalid for daemonset")
    faults += not_negative(spec, ("minReadySeconds",))
    strategy, path = spec["updateStrategy"], "spec.updateStrategy"
    if strategy["type"] not in _STRATEGIES:
        faults.append(not_supported(path, strategy, _STRATEGIES))
    elif strategy["type"] == "RollingUpdate":
        faults += _validate_rolling(strategy.get("rollingUpdate") or {}, path + ".rollingUpdate")
    return faults + not_negative(spec, ("revisionHistoryLimit",))


def _validate_rolling(rolling: Obj, path: str) -> list[FieldError]:
    """One pod a node: either the old one goes first or the new one comes first."""
    missing, extra = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    faults = validate_positive(missing, path + ".maxUnavailable") + validate_positive(extra, path + ".maxSurge")
    faults += validate_at_most_100(missing, path + ".maxUnavailable")
    faults += validate_at_most_100(extra, path + ".maxSurge")
    if as_count(missing) and as_count(extra):
        faults.append(invalid(path + ".maxSurge", extra, "may not be set when maxUnavailable is non-zero"))
    elif not as_count(missing) and not as_count(extra):
        faults.append(required(path + ".maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return faults


_COUNTS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    return not_negative(new.get("status") or {}, _COUNTS, "status") + not_decremented(new, old)


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
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=validate,
    validate_update=same_selector,
    validate_status_update=validate_status_update,
    warnings=warn,
)
