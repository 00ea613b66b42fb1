"""Devices that others use can be looked into, but only from namespaces that are marked for that."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.namespace import NAMESPACES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.errors import Invalid
from wherry.api.field import forbidden
from wherry.apiserver.attributes import Admission, Reader

_LABEL = "resource.kubernetes.io/admin-access"


def device_admin(admission: Admission, reader: Reader) -> None:
    """Of claims and their templates, when they are made, and of what a claim is given."""
    new = admission.obj or {}
    if admission.operation == "CREATE":
        path = _asked_for(new if admission.resource is RESOURCECLAIMS else new.get("spec") or {})
    elif admission.subresource == "status" and not _granted(admission.old or {}):
        path = _granted(new)
    else:
        return
    if path and not _is_marked(admission.namespace, reader):
        why = f"admin access to devices requires the `{_LABEL}: true` label on the containing namespace"
        raise Invalid.of(admission.resource, admission.name, [forbidden(path, why)])


def _asked_for(claim: Obj) -> str:
    requests = ((claim.get("spec") or {}).get("devices") or {}).get("requests") or ()
    for index, request in enumerate(requests):
        if (request.get("exactly") or {}).get("adminAccess"):
            return f"spec.devices.requests[{index}].adminAccess"
    return ""


def _granted(claim: Obj) -> str:
    devices = ((claim.get("status") or {}).get("allocation") or {}).get("devices") or {}
    for index, result in enumerate(devices.get("results") or ()):
        if result.get("adminAccess"):
            return f"status.allocation.devices.results[{index}].adminAccess"
    return ""


def _is_marked(namespace: str, reader: Reader) -> bool:
    item = reader.get(NAMESPACES, "", namespace)
    return item is not None and (item.decode()["metadata"].get("labels") or {}).get(_LABEL) == "true"
