"""Scales: what `kubectl scale` and autoscalers see of any workload; a view of it, never stored."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, number
from wherry.api.resource import Column, GroupVersionKind, Resource, Subresource
from wherry.api.schema import schema

SCALES = Resource(
    group="autoscaling",
    version="v1",
    kind="Scale",
    plural="scales",
    schema=schema("autoscaling/v1", "Scale"),
    verbs=(),
    stored=False,
    columns=(NAME, Column("Desired", number("spec.replicas")), Column("Available", number("status.replicas")), AGE),
)

SCALE = Subresource("scale", kind=GroupVersionKind("autoscaling", "v1", "Scale"))
"""The `scale` subresource, the same on every kind that has replicas."""
