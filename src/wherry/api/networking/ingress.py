"""Ingresses: which HTTP requests from outside reach which Service."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.names import dns1123_subdomain_faults
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _hosts(ingress: Obj, _: float) -> Cell:
    rules = (ingress.get("spec") or {}).get("rules") or ()
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    if not hosts:
        return "*"
    shown = ",".join(hosts[:3])
    return f"{shown} + {len(rules) - 3} more..." if len(rules) > 3 and len(hosts) >= 3 else shown


def _address(ingress: Obj, _: float) -> Cell:
    points = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({point.get("ip") or point.get("hostname") or "" for point in points} - {""}))


_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def validate(ingress: Obj) -> list[FieldError]:
    spec, faults = ingress.get("spec") or {}, list[FieldError]()
    default = spec.get("defaultBackend")
    if not spec.get("rules") and default is None:
        faults.append(invalid("spec", spec, "either `defaultBackend` or `rules` must be specified"))
    if default is not None:
        faults += _validate_backend(default, "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        host, path = rule.get("host") or "", f"spec.rules[{index}]"
        if host and not host.startswith("*."):
            faults += [invalid(path + ".host", host, why) for why in dns1123_subdomain_faults(host)]
        for at, entry in enumerate((rule.get("http") or {}).get("paths") or ()):
            faults += _validate_path(entry, f"{path}.http.paths[{at}]")
    return faults


def _validate_path(entry: Obj, path: str) -> list[FieldError]:
    kind, value = entry.get("pathType"), entry.get("path") or ""
    faults: list[FieldError] = []
    if kind is None:
        faults.append(required(path + ".pathType", "pathType must be specified"))
    elif kind not in _PATH_TYPES:
        faults.append(not_supported(path + ".pathType", kind, _PATH_TYPES))
    elif (kind != "ImplementationSpecific" and not value.startswith("/")) or (value and not value.startswith("/")):
        faults.append(invalid(path + ".path", value, "must be an absolute path"))
    return faults + _validate_backend(entry.get("backend") or {}, path + ".backend")


def _validate_backend(backend: Obj, path: str) -> list[FieldError]:
    service = backend.get("service")
    if service is None:
        return [] if backend.get("resource") else [required(path, "port name or number is required")]
    if backend.get("resource") is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    faults: list[FieldError] = []
    name, port = service.get("name") or "", service.get("port") or {}
    if not name:
        faults.append(required(path + ".service.name"))
    if port.get("name") and port.get("number"):
        faults.append(invalid(path, "", "cannot set both port name & port number"))
    elif not port.get("name") and not port.get("number"):
        faults.append(required(path, "port name or number is required"))
    return faults


INGRESSES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="Ingress",
    plural="ingresses",
    schema=schema("networking.k8s.io/v1", "Ingress"),
    short_names=("ing",),
    subresources=(STATUS,),
    has_generation=True,
    columns=(
        NAME,
        Column("Class", text("spec.ingressClassName", NONE)),
        Column("Hosts", _hosts),
        Column("Address", _address),
        Column("Ports", lambda ingress, _: "80, 443" if (ingress.get("spec") or {}).get("tls") else "80"),
        AGE,
    ),
    validate=validate,
)
