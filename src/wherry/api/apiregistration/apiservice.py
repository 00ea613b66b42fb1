"""APIServices: groups that another server answers for."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _service(api_service: Obj, _: float) -> Cell:
    service = (api_service.get("spec") or {}).get("service")
    return f"{service.get('namespace') or ''}/{service.get('name') or ''}" if service else "Local"


def _available(api_service: Obj, _: float) -> Cell:
    for condition in (api_service.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Available":
            if condition["status"] == "True":
                return "True"
            return f"{condition['status']} ({condition.get('reason') or ''})"
    return "Unknown"


APISERVICES = Resource(
    group="apiregistration.k8s.io",
    version="v1",
    kind="APIService",
    plural="apiservices",
    schema=schema("apiregistration.k8s.io/v1", "APIService"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(
        NAME,
        Column("Service", _service),
        Column("Available", _available),
        AGE,
    ),
)
