"""ReplicationControllers: what ReplicaSets were called first."""

from __future__ import annotations

from wherry.api.autoscaling.scale import SCALE
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.labels import format_labels
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema

REPLICATIONCONTROLLERS = Resource(
    group="",
    version="v1",
    kind="ReplicationController",
    plural="replicationcontrollers",
    schema=schema("v1", "ReplicationController"),
    short_names=("rc",),
    categories=("all",),
    has_generation=True,
    default_propagation="Orphan",
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), "integer"),
        Column("Current", number("status.replicas"), "integer"),
        Column("Ready", number("status.readyReplicas"), "integer"),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", lambda rc, _: format_labels((rc.get("spec") or {}).get("selector")), priority=1),
    ),
    fields={"status.replicas": lambda rc: str((rc.get("status") or {}).get("replicas") or 0)},
    subresources=(SCALE, STATUS),
    scale=Scale(),
)
