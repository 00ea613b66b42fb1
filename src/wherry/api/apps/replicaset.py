"""ReplicaSets: so many pods of one template, no more and no fewer."""

from __future__ import annotations

from wherry.api.autoscaling.scale import SCALE
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema

REPLICASETS = Resource(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    schema=schema("apps/v1", "ReplicaSet"),
    short_names=("rs",),
    categories=("all",),
    has_generation=True,
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), "integer"),
        Column("Current", number("status.replicas"), "integer"),
        Column("Ready", number("status.readyReplicas"), "integer"),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", lambda rs, _: format_label_selector((rs.get("spec") or {}).get("selector")), priority=1),
    ),
    fields={"status.replicas": lambda rs: str((rs.get("status") or {}).get("replicas") or 0)},
    subresources=(SCALE, STATUS),
    scale=Scale(),
)
