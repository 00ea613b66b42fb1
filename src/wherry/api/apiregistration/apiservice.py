"""APIServices: groups that another server answers for."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
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


def set_defaults(api_service: Obj) -> None:
    if service := (api_service.get("spec") or {}).get("service"):
        service.setdefault("port", 443)


def validate(api_service: Obj) -> list[FieldError]:
    """The name says which group version it is about."""
    spec, name = api_service.get("spec") or {}, api_service["metadata"].get("name") or ""
    expected = f"{spec.get('version') or ''}.{spec.get('group') or ''}"
    faults: list[FieldError] = []
    if name != expected:
        faults.append(invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{expected}"'))
    if not spec.get("group") and spec.get("version") != "v1":
        faults.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    if not spec.get("version"):
        faults.append(required("spec.version"))
    for field, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(field) or 0
        if not 0 < value <= limit:
            faults.append(invalid("spec." + field, value, f"must be positive and less than {limit}"))
    return faults


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
    defaults=set_defaults,
    validate=validate,
)
