"""LimitRanges: defaults and bounds for the resources of a namespace's pods."""

from __future__ import annotations

from wherry.api.meta.columns import NAME, text
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

LIMITRANGES = Resource(
    group="",
    version="v1",
    kind="LimitRange",
    plural="limitranges",
    schema=schema("v1", "LimitRange"),
    short_names=("limits",),
    create_on_update=True,
    columns=(NAME, Column("Created At", text("metadata.creationTimestamp"), format="date-time")),
)
