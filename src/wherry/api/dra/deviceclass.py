"""DeviceClasses: names for kinds of device and how to pick one."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

DEVICECLASSES = Resource(
    group="resource.k8s.io",
    version="v1",
    kind="DeviceClass",
    plural="deviceclasses",
    schema=schema("resource.k8s.io/v1", "DeviceClass"),
    scope=Scope.CLUSTER,
    has_generation=True,
    columns=(NAME, AGE),
    returns_deleted=True,
)
