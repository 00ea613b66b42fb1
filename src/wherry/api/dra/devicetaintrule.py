"""DeviceTaintRules: devices that pods should keep away from."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME
from wherry.api.resource import STATUS, Resource, Scope
from wherry.api.schema import schema

DEVICETAINTRULES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="DeviceTaintRule",
    plural="devicetaintrules",
    schema=schema("resource.k8s.io/v1", "DeviceTaintRule"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    has_generation=True,
    columns=(NAME, AGE),
)
