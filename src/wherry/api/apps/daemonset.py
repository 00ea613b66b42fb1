"""DaemonSets: one pod on each node that fits."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.labels import format_label_selector, format_labels
from wherry.api.resource import STATUS, Cell, Column, Resource, lookup
from wherry.api.schema import schema


def _node_selector(daemon_set: Obj, _: float) -> Cell:
    return format_labels(lookup(daemon_set, ".spec.template.spec.nodeSelector"))


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
)
