"""ConfigMaps: settings that pods read as files or environment."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

CONFIGMAPS = Resource(
    group="",
    version="v1",
    kind="ConfigMap",
    plural="configmaps",
    schema=schema("v1", "ConfigMap"),
    short_names=("cm",),
    columns=(NAME, Column("Data", size("data", "binaryData")), AGE),
)
