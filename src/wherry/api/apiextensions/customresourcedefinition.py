"""CustomResourceDefinitions: kinds that are added to the API while it runs."""

from __future__ import annotations

from wherry.api.meta.columns import NAME, text
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

CUSTOMRESOURCEDEFINITIONS = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    schema=schema("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    scope=Scope.CLUSTER,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=(NAME, Column("Created At", text("metadata.creationTimestamp"), "date")),
)
