"""Rules for a container's environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.core.podspec.fieldpaths import validate_field_path, validate_resource_field
from wherry.api.core.podspec.volumesources import validate_relative
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.names import config_key_faults, dns1123_subdomain_faults, env_name_faults, mask_trailing_dash

Faults = list[FieldError]
Part = dict[str, Any]

_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_MISSING = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
_ONE_ONLY = "may not have more than one field specified at a time"


def validate_env(env: Sequence[Part], path: str, faults: Faults) -> None:
    """Variables one by one."""
    for index, variable in enumerate(env):
        name = variable.get("name") or ""
        if not name:
            faults.append(required(f"{path}[{index}].name"))
        elif reasons := env_name_faults(name):
            faults += [invalid(f"{path}[{index}].name", name, why) for why in reasons]
        source = variable.get("valueFrom")
        if source is not None:
            _validate_source(variable, source, f"{path}[{index}].valueFrom", faults)


def _validate_source(variable: Part, source: Part, path: str, faults: Faults) -> None:
    kinds = [kind for kind in _SOURCES if source.get(kind) is not None] if len(source) > 1 else list(source)
    for kind in kinds:
        _JUDGES[kind](source[kind], f"{path}.{kind}", faults)
    if not kinds:
        faults.append(invalid(path, "", _MISSING))
    elif variable.get("value"):
        faults.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(kinds) > 1:
        faults.append(invalid(path, "", _ONE_ONLY))


def _field(reference: Part, path: str, faults: Faults) -> None:
    validate_field_path(reference, _FIELDS, path, faults)


def _resource(reference: Part, path: str, faults: Faults) -> None:
    validate_resource_field(reference, path, False, faults)


def _key(reference: Part, path: str, faults: Faults) -> None:
    """A key of a ConfigMap or Secret."""
    name, key = reference.get("name") or "", reference.get("key") or ""
    if reasons := dns1123_subdomain_faults(name):
        faults += [invalid(path + ".name", name, why) for why in reasons]
    if not key:
        faults.append(required(path + ".key"))
    elif reasons := config_key_faults(key):
        faults += [invalid(path + ".key", key, why) for why in reasons]


def _file(reference: Part, path: str, faults: Faults) -> None:
    """A key in a file of a volume that an earlier container has written."""
    key, place = reference.get("key") or "", reference.get("path") or ""
    if not key:
        faults.append(required(path + ".key"))
    else:
        faults += [invalid(path + ".key", key, why) for why in env_name_faults(key)]
    if not reference.get("volumeName"):
        faults.append(required(path + ".volumeName"))
    if not place:
        faults.append(required(path + ".path"))
    else:
        validate_relative(place, path + ".path", faults, reserved=True)


_JUDGES = {
    "fieldRef": _field,
    "resourceFieldRef": _resource,
    "configMapKeyRef": _key,
    "secretKeyRef": _key,
    "fileKeyRef": _file,
}


def validate_env_from(sources: Sequence[Part], path: str, faults: Faults) -> None:
    """Whole ConfigMaps and Secrets."""
    for index, source in enumerate(sources):
        where = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            faults += [invalid(where + ".prefix", prefix, why) for why in env_name_faults(prefix)]
        found = [kind for kind in ("configMapRef", "secretRef") if source.get(kind) is not None]
        for kind in found:
            name = source[kind].get("name") or ""
            if not name:
                faults.append(required(f"{where}.{kind}.name"))
            else:
                reasons = dns1123_subdomain_faults(mask_trailing_dash(name))
                faults += [invalid(f"{where}.{kind}.name", name, why) for why in reasons]
        if not found:
            faults.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(found) > 1:
            faults.append(invalid(path, "", _ONE_ONLY))
