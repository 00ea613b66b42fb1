"""Services: one stable address for whatever pods a selector finds."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.core.servicespec.defaults import prepare_create, prepare_update, set_defaults
from wherry.api.core.servicespec.update import validate_status_update, validate_update
from wherry.api.core.servicespec.validate import validate
from wherry.api.core.servicespec.warnings import warn
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.labels import format_labels
from wherry.api.meta.names import label_name
from wherry.api.resource import STATUS, Cell, Column, GroupVersionKind, Resource, Subresource
from wherry.api.schema import schema


def _cluster_ip(service: Obj, _: float) -> Cell:
    addresses = (service.get("spec") or {}).get("clusterIPs")
    return addresses[0] if addresses else NONE


def _external_ip(service: Obj, _: float) -> Cell:
    spec = service.get("spec") or {}
    external: list[str] = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(external) or NONE
        case "LoadBalancer":
            points = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
            found = sorted({point.get("ip") or point.get("hostname") or "" for point in points} - {""})
            return ",".join([*found, *external]) or "<pending>"
        case "ExternalName":
            return spec.get("externalName") or ""
    return "<unknown>"


def _port(port: dict[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port') or 0}{node_port}/{port.get('protocol') or 'TCP'}"


def _ports(service: Obj, _: float) -> Cell:
    return ",".join(_port(port) for port in (service.get("spec") or {}).get("ports") or ()) or NONE


SERVICES = Resource(
    group="",
    version="v1",
    kind="Service",
    plural="services",
    schema=schema("v1", "Service"),
    short_names=("svc",),
    categories=("all",),
    create_on_update=True,
    returns_deleted=True,
    validate_name=label_name,
    columns=(
        NAME,
        Column("Type", text("spec.type")),
        Column("Cluster-IP", _cluster_ip),
        Column("External-IP", _external_ip),
        Column("Port(s)", _ports),
        AGE,
        Column("Selector", lambda service, _: format_labels((service.get("spec") or {}).get("selector")), priority=1),
    ),
    fields={
        "spec.clusterIP": lambda service: (service.get("spec") or {}).get("clusterIP") or "",
        "spec.type": lambda service: (service.get("spec") or {}).get("type") or "",
    },
    subresources=(
        Subresource(
            "proxy", ("create", "delete", "get", "patch", "update"), GroupVersionKind("", "v1", "ServiceProxyOptions")
        ),
        STATUS,
    ),
    defaults=set_defaults,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warn,
)
