"""StorageVersionMigrations: rewrite all objects of a kind in its present storage version."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import NAME
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _resource(migration: Obj, _: float) -> Cell:
    resource = (migration.get("spec") or {}).get("resource") or {}
    return ".".join(part for part in (resource.get("resource"), resource.get("group")) if part)


STORAGEVERSIONMIGRATIONS = Resource(
    group="storagemigration.k8s.io",
    version="v1",
    kind="StorageVersionMigration",
    plural="storageversionmigrations",
    schema=schema("storagemigration.k8s.io/v1", "StorageVersionMigration"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(NAME, Column("Resource", _resource)),
)
