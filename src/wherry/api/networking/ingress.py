"""Ingresses: which HTTP requests from outside reach which Service."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.addresses import parse_ip, validate_legacy_ip
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    port_name_faults,
    port_number_faults,
    wildcard_faults,
)
from wherry.api.networking.references import validate_local_reference
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema

_SHOWN = 3


def _hosts(ingress: Obj, _: float) -> Cell:
    rules = (ingress.get("spec") or {}).get("rules") or ()
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == _SHOWN:
            return f"{','.join(hosts)} + {len(rules) - _SHOWN} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


def _address(ingress: Obj, _: float) -> Cell:
    return ",".join(sorted({point.get("ip") or point.get("hostname") or "" for point in _points(ingress)} - {""}))


_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_NOT_AT_ENDS = ("/..", "/.")
_CLASS = "kubernetes.io/ingress.class"
_NO_NAME = "must be a DNS name, not an IP address"
Faults = list[FieldError]


def validate_create(ingress: Obj) -> Faults:
    """The annotation that once named the class must not contradict the field."""
    spec = ingress.get("spec") or {}
    faults = _validate(spec, {})
    stated, name = (ingress["metadata"].get("annotations") or {}).get(_CLASS), spec.get("ingressClassName")
    if stated is not None and name is not None and stated != name:
        why = "must match `ingressClassName` when both are specified"
        faults.append(invalid(f"annotations.{_CLASS}", stated, why))
    return faults


def validate_update(new: Obj, old: Obj) -> Faults:
    return _validate(new.get("spec") or {}, old.get("spec") or {})


def _validate(spec: Obj, before: Obj) -> Faults:
    """Names of secrets and rules of wildcards were not always judged, so bad ones beget bad ones."""
    faults: Faults = []
    default = spec.get("defaultBackend")
    if not spec.get("rules") and default is None:
        faults.append(invalid("spec", spec.get("rules"), "either `defaultBackend` or `rules` must be specified"))
    if default is not None:
        faults += _validate_backend(default, "spec.defaultBackend")
    lenient = any("*" in (rule.get("host") or "") and _validate_http(rule, "") for rule in before.get("rules") or ())
    for index, rule in enumerate(spec.get("rules") or ()):
        path = f"spec.rules[{index}]"
        faults += _validate_host(rule.get("host") or "", path + ".host")
        if not lenient or "*" not in (rule.get("host") or ""):
            faults += _validate_http(rule, path)
    faults += _validate_tls(spec.get("tls") or (), before.get("tls") or ())
    if (name := spec.get("ingressClassName")) is not None:
        faults += [invalid("spec.ingressClassName", name, why) for why in dns1123_subdomain_faults(name)]
    return faults


def _validate_tls(entries: Sequence[Obj], before: Sequence[Obj]) -> Faults:
    faults: Faults = []
    lenient = any(_secret_faults(entry) for entry in before)
    for index, entry in enumerate(entries):
        path = f"spec.tls[{index}]"
        for at, host in enumerate(entry.get("hosts") or ()):
            faults += [invalid(f"{path}.hosts[{at}]", host, why) for why in _host_faults(host)]
        if not lenient:
            faults += [invalid(path + ".secretName", entry["secretName"], why) for why in _secret_faults(entry)]
    return faults


def _secret_faults(entry: Obj) -> Sequence[str]:
    name = entry.get("secretName")
    return dns1123_subdomain_faults(name) if name else ()


def _host_faults(host: str) -> Sequence[str]:
    return wildcard_faults(host) if "*" in host else dns1123_subdomain_faults(host)


def _validate_host(host: str, path: str) -> Faults:
    if not host:
        return []
    faults = [invalid(path, host, _NO_NAME)] if parse_ip(host) is not None else []
    return faults + [invalid(path, host, why) for why in _host_faults(host)]


def _validate_http(rule: Obj, path: str) -> Faults:
    if (http := rule.get("http")) is None:
        return []
    faults = [] if http.get("paths") else [required(path + ".http.paths")]
    for index, entry in enumerate(http.get("paths") or ()):
        faults += _validate_path(entry, f"{path}.http.paths[{index}]")
    return faults


def _validate_path(entry: Obj, path: str) -> Faults:
    kind, value, where = entry.get("pathType"), entry.get("path") or "", path + ".path"
    if kind is None:
        return [required(path + ".pathType", "pathType must be specified")]
    faults: Faults = []
    if kind not in _PATH_TYPES:
        faults.append(not_supported(path + ".pathType", kind, _PATH_TYPES))
    elif not value.startswith("/") and (value or kind != "ImplementationSpecific"):
        faults.append(invalid(where, value, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        faults += [invalid(where, value, f"must not contain '{part}'") for part in _NOT_IN_PATHS if part in value]
        faults += [invalid(where, value, f"cannot end with '{end}'") for end in _NOT_AT_ENDS if value.endswith(end)]
    return faults + _validate_backend(entry.get("backend") or {}, path + ".backend")


def _validate_backend(backend: Obj, path: str) -> Faults:
    service, resource = backend.get("service"), backend.get("resource")
    if service is None and resource is None:
        return [invalid(path, "", "resource or service backend is required")]
    if service is None:
        return validate_local_reference(resource or {}, path + ".resource")
    if resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    name = service.get("name") or ""
    faults = [] if name else [required(path + ".service.name")]
    if name:
        faults += [invalid(path + ".service.name", name, why) for why in dns1123_label_faults(name)]
    return faults + _validate_port(service.get("port") or {}, path)


def _validate_port(port: Obj, path: str) -> Faults:
    name, number = port.get("name"), port.get("number")
    if name and number:
        return [invalid(path, "", "cannot set both port name & port number")]
    if name:
        return [invalid(path + ".service.port.name", name, why) for why in port_name_faults(name)]
    if number:
        return [invalid(path + ".service.port.number", number, why) for why in port_number_faults(number)]
    return [required(path, "port name or number is required")]


def validate_status_update(new: Obj, old: Obj) -> Faults:
    faults: Faults = []
    known = [point["ip"] for point in _points(old) if point.get("ip")]
    for index, point in enumerate(_points(new)):
        path, name = f"status.loadBalancer.ingress[{index}]", point.get("hostname")
        if address := point.get("ip"):
            faults += validate_legacy_ip(address, path + ".ip", known)
        if name:
            faults += [invalid(path + ".hostname", name, why) for why in dns1123_subdomain_faults(name)]
            if parse_ip(name) is not None:
                faults.append(invalid(path + ".hostname", name, _NO_NAME))
    return faults


def _points(ingress: Obj) -> Sequence[Obj]:
    return ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()


def warnings(ingress: Obj, old: Obj | None) -> Sequence[str]:
    stated = _CLASS in (ingress["metadata"].get("annotations") or {})
    if old is not None or not stated or (ingress.get("spec") or {}).get("ingressClassName") is not None:
        return ()
    return [f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"]


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
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warnings,
)
