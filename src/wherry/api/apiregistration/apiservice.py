"""APIServices: groups that another server answers for."""

from __future__ import annotations

from base64 import b64decode

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.names import (
    dns1035_label_faults,
    dns1123_subdomain_faults,
    path_segment_faults,
    port_number_faults,
)
from wherry.api.meta.objectmeta import keep_metadata
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


_STATUSES = ("True", "False", "Unknown")


def validate_create(api_service: Obj) -> list[FieldError]:
    """The name says which group version it is about."""
    spec, name = api_service.get("spec") or {}, api_service["metadata"].get("name") or ""
    expected = f"{spec.get('version') or ''}.{spec.get('group') or ''}"
    if not name or name == expected or path_segment_faults(name):
        return []
    return [invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{expected}"')]


def validate(api_service: Obj) -> list[FieldError]:
    spec, faults = api_service.get("spec") or {}, list[FieldError]()
    group, version = spec.get("group") or "", spec.get("version") or ""
    if not group and version != "v1":
        faults.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    if group:
        faults += [invalid("spec.group", group, why) for why in dns1123_subdomain_faults(group)]
    faults += [invalid("spec.version", version, why) for why in dns1035_label_faults(version)]
    for field, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(field) or 0
        if not 0 < value <= limit:
            faults.append(invalid("spec." + field, value, f"must be positive and less than {limit}"))
    if (service := spec.get("service")) is None:
        return faults + _validate_local(spec)
    faults += [required(f"spec.service.{field}") for field in ("namespace", "name") if not service.get(field)]
    port = service.get("port") or 0
    if reasons := port_number_faults(port):
        faults.append(invalid("spec.service.port", port, "port is not valid: " + ", ".join(reasons)))
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        faults.append(invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present"))
    return faults


def _validate_local(spec: Obj) -> list[FieldError]:
    """What this server answers itself needs no trust."""
    faults: list[FieldError] = []
    if bundle := spec.get("caBundle"):
        size = len(b64decode(bundle))
        faults.append(invalid("spec.caBundle", f"{size} bytes", "local APIServices may not have a caBundle"))
    if spec.get("insecureSkipTLSVerify"):
        why = "local APIServices may not have insecureSkipTLSVerify"
        faults.append(invalid("spec.insecureSkipTLSVerify", True, why))
    return faults


def validate_update(new: Obj, _: Obj) -> list[FieldError]:
    return validate_create(new)


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    return [
        not_supported(f"status.conditions[{index}].status", condition.get("status") or "", _STATUSES)
        for index, condition in enumerate((new.get("status") or {}).get("conditions") or ())
        if condition.get("status") not in _STATUSES
    ]


APISERVICES = Resource(
    group="apiregistration.k8s.io",
    version="v1",
    kind="APIService",
    plural="apiservices",
    schema=schema("apiregistration.k8s.io/v1", "APIService"),
    scope=Scope.CLUSTER,
    categories=("api-extensions",),
    subresources=(STATUS,),
    prepare_status_update=keep_metadata,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Service", _service),
        Column("Available", _available),
        AGE,
    ),
    defaults=set_defaults,
    validate_name=path_segment_faults,
    validate_create=validate_create,
    validate=validate,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
)
