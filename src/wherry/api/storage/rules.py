"""Rules that several kinds of storage share."""

from __future__ import annotations

from wherry.api.field import FieldError, invalid, required, too_long
from wherry.api.meta.names import dns1123_subdomain_faults, qualified_name_faults

_MAX_PARAMETERS, _MAX_SIZE = 512, 256 * 1024
_MAX_DRIVER = 63


def validate_provisioner(name: str, path: str) -> list[FieldError]:
    """Who makes volumes: a qualified name in any case."""
    if not name:
        return [required(path)]
    return [invalid(path, name.lower(), why) for why in qualified_name_faults(name.lower())]


def validate_parameters(parameters: dict[str, str] | None, path: str, *, may_be_empty: bool) -> list[FieldError]:
    """What is handed on to a driver unread: so many, and so much, at most."""
    parameters = parameters or {}
    if len(parameters) > _MAX_PARAMETERS:
        return [too_long(path, _MAX_PARAMETERS)]
    faults = [invalid(path, key, "field can not be empty.") for key in parameters if not key]
    if sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items()) > _MAX_SIZE:
        faults.append(too_long(path, _MAX_SIZE))
    if not parameters and not may_be_empty:
        faults.append(required(path, "must contain at least one key/value pair"))
    return faults


def validate_driver_name(name: str, path: str, *, unit: str = "byte") -> list[FieldError]:
    """Of a CSI driver: a domain name in any case. `unit` is what its length is said to be counted in."""
    if not name:
        return [required(path)]
    faults = [too_long(path, _MAX_DRIVER, unit)] if len(name) > _MAX_DRIVER else []
    return faults + [invalid(path, name, why) for why in dns1123_subdomain_faults(name.lower())]
