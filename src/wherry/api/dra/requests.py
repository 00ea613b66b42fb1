"""What claims and their templates have in common: the requests for devices."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from wherry.api.dra.rules import (
    Judge,
    name_of,
    validate_driver_name,
    validate_full_name,
    validate_label,
    validate_list,
    validate_match_name,
    validate_parameters,
    validate_set,
)
from wherry.api.dra.selectors import validate_selectors
from wherry.api.dra.taints import validate_toleration
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.names import dns1123_subdomain_faults

Part = dict[str, Any]
Names = AbstractSet[str]
"""Names of requests and, after a slash, of their alternatives."""

MAX_REQUESTS = MAX_CONFIGS = 32
_MAX_CONSTRAINTS, _MAX_ALTERNATIVES = 32, 8
_MAX_PARAMETERS = 10 * 1024
_MODES = ("All", "ExactCount")
_EITHER = "exactly one of `exactly` or `firstAvailable` is required"
_REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"


def set_request_defaults(spec: Part | None) -> None:
    """One device, unless a request says how many."""
    for request in ((spec or {}).get("devices") or {}).get("requests") or ():
        for part in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if part is None:
                continue
            part["allocationMode"] = part.get("allocationMode") or "ExactCount"
            if part["allocationMode"] == "ExactCount" and not part.get("count"):
                part["count"] = 1


def request_names(spec: Part) -> set[str]:
    names: set[str] = set()
    for request in (spec.get("devices") or {}).get("requests") or ():
        names.add(name_of(request))
        names.update(f"{name_of(request)}/{name_of(other)}" for other in request.get("firstAvailable") or ())
    return names


def validate_claim_spec(spec: Part, path: str) -> list[FieldError]:
    devices, names = spec.get("devices") or {}, request_names(spec)
    path += ".devices"

    def judge_constraint(constraint: Part, where: str) -> list[FieldError]:
        return _validate_constraint(constraint, names, where)

    def judge_config(config: Part, where: str) -> list[FieldError]:
        faults = validate_references(config.get("requests"), names, where + ".requests")
        return faults + validate_config(config, where)

    faults = validate_set(devices.get("requests"), MAX_REQUESTS, _validate_request, path + ".requests", name_of)
    faults += validate_list(devices.get("constraints"), _MAX_CONSTRAINTS, judge_constraint, path + ".constraints")
    return faults + validate_list(devices.get("config"), MAX_CONFIGS, judge_config, path + ".config")


def _validate_request(request: Part, path: str) -> list[FieldError]:
    faults = validate_label(name_of(request), path + ".name")
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable")
    if exactly is not None and alternatives:
        faults.append(invalid(path, None, _EITHER + ", but multiple fields are set"))
    elif alternatives:
        where = path + ".firstAvailable"
        faults += validate_set(alternatives, _MAX_ALTERNATIVES, _validate_alternative, where, name_of)
    elif exactly is not None:
        faults += _validate_exactly(exactly, path + ".exactly")
    else:
        faults.append(required(path, _EITHER))
    return faults


def _validate_alternative(request: Part, path: str) -> list[FieldError]:
    return validate_label(name_of(request), path + ".name") + _validate_exactly(request, path)


def _validate_exactly(request: Part, path: str) -> list[FieldError]:
    name, mode, count = request.get("deviceClassName") or "", request["allocationMode"], request.get("count") or 0
    if name:
        faults = [invalid(path + ".deviceClassName", name, why) for why in dns1123_subdomain_faults(name)]
    else:
        faults = [required(path + ".deviceClassName")]
    faults += validate_selectors(request.get("selectors"), path + ".selectors")
    if mode not in _MODES:
        faults.append(not_supported(path + ".allocationMode", mode, _MODES))
    elif mode == "All" and count:
        faults.append(invalid(path + ".count", count, "must not be specified when allocationMode is 'All'"))
    elif mode == "ExactCount" and count <= 0:
        faults.append(invalid(path + ".count", count, "must be greater than zero"))
    return faults + validate_list(request.get("tolerations"), -1, validate_toleration, path + ".tolerations")


def _validate_constraint(constraint: Part, names: Names, path: str) -> list[FieldError]:
    faults = validate_references(constraint.get("requests"), names, path + ".requests")
    if (name := constraint.get("matchAttribute")) is not None:
        return faults + validate_match_name(name, path + ".matchAttribute")
    if (name := constraint.get("distinctAttribute")) is not None:
        return faults + validate_full_name(name, path + ".distinctAttribute")
    why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    return [*faults, required(path, why)]


def validate_references(requests: list[str] | None, names: Names, path: str) -> list[FieldError]:
    return validate_set(requests, MAX_REQUESTS, reference_judge(names), path)


def reference_judge(names: Names) -> Judge:
    """Judges names of requests, of which there are `names`."""

    def judge(name: str, path: str) -> list[FieldError]:
        parts = name.split("/")
        if len(parts) > 2:
            return [invalid(path, name, _REFERENCE)]
        faults = [fault for part in parts for fault in validate_label(part, path)]
        return faults if name in names else [*faults, invalid(path, name, _REFERENCE)]

    return judge


def validate_config(config: Part, path: str, *, is_stored: bool = False) -> list[FieldError]:
    """What a driver is told; stored configurations may be longer than new ones."""
    opaque = config.get("opaque")
    if opaque is None:
        return [required(path + ".opaque")]
    limit = None if is_stored else _MAX_PARAMETERS
    faults = validate_driver_name(opaque.get("driver") or "", path + ".opaque.driver", unit="character")
    return faults + validate_parameters(opaque.get("parameters"), path + ".opaque.parameters", limit)
