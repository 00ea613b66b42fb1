"""StatefulSets: pods with names and volumes of their own, started and replaced in order."""

from __future__ import annotations

from wherry.api.apps.deployment import ready
from wherry.api.autoscaling.scale import SCALE
from wherry.api.meta.columns import AGE, NAME, container_columns
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema

STATEFULSETS = Resource(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    schema=schema("apps/v1", "StatefulSet"),
    short_names=("sts",),
    categories=("all",),
    has_generation=True,
    columns=(NAME, Column("Ready", ready), AGE, *container_columns("spec.template.spec.containers")),
    subresources=(SCALE, STATUS),
    scale=Scale(),
)
