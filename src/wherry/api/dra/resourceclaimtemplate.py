"""ResourceClaimTemplates: claims that are made for each pod anew."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME
from wherry.api.resource import Resource
from wherry.api.schema import schema

RESOURCECLAIMTEMPLATES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    schema=schema("resource.k8s.io/v1", "ResourceClaimTemplate"),
    columns=(NAME, AGE),
)
