"""Rules for requests and limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from wherry.api.core.resourcenames import (
    is_hugepages,
    is_integer,
    is_native,
    is_overcommitable,
    name_faults,
)
from wherry.api.field import ErrorType, FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.names import dns1123_label_faults, qualified_name_faults
from wherry.api.meta.objectmeta import NOT_NEGATIVE
from wherry.api.meta.quantity import add_resources, format_quantity, parse_quantity, parse_resources

Faults = list[FieldError]
Part = dict[str, Any]

_NATIVE = frozenset({"cpu", "memory", "ephemeral-storage"})
_POD_LEVEL = ("cpu", "memory")
_INTEGER = "must be an integer"


@lru_cache(1024)
def container_name_faults(name: str) -> tuple[str, ...]:
    """Standard names, huge pages, or qualified names with a prefix (extended resources)."""
    if name in _NATIVE:
        return ()
    faults = list(name_faults(name))
    if "/" not in name:
        if not is_hugepages(name):
            faults.append("must be a standard resource for containers")
    elif not is_native(name) and (name.startswith("requests.") or qualified_name_faults("requests." + name)):
        faults.append("doesn't follow extended resource name standard")
    return tuple(faults)


def validate_quantity(name: str, text: str, path: str, faults: Faults) -> None:
    """Not negative, and whole where only whole ones exist."""
    value = parse_quantity(text)
    if value < 0:
        faults.append(invalid(path, text, NOT_NEGATIVE))
    if is_integer(name) and value % 1:
        faults.append(invalid(path, text, _INTEGER))


def validate_resources(resources: Part, claims: Mapping[str, None], path: str, faults: Faults) -> None:
    """Of a container."""
    limits, requests = resources.get("limits"), resources.get("requests")
    if limits or requests:
        _validate_amounts(limits or {}, requests or {}, path, False, faults)
    if used := resources.get("claims"):
        _validate_claims(used, claims, path + ".claims", faults)


def _validate_amounts(
    limits: Mapping[str, str], requests: Mapping[str, str], path: str, is_pod_level: bool, faults: Faults
) -> None:
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, text in amounts.items():
            if name not in _NATIVE or is_pod_level:
                _validate_special(name, text, f"{path}.{kind}[{name}]", is_pod_level, faults)
            elif text[0] == "-":
                validate_quantity(name, text, f"{path}.{kind}[{name}]", faults)
            if kind == "requests":
                limit = limits.get(name)
                if limit is not None and limit != text:
                    _compare(name, text, limit, path + ".requests", faults)
                elif limit is None and not is_overcommitable(name):
                    faults.append(required(path + ".limits", "Limit must be set for non overcommitable resources"))
    names = limits.keys() | requests.keys()
    if any(map(is_hugepages, names)) and not names & {"cpu", "memory"}:
        faults.append(forbidden(path, "HugePages require cpu or memory"))


def _validate_special(name: str, text: str, path: str, is_pod_level: bool, faults: Faults) -> None:
    """A resource that is not one of those that every container has."""
    if not is_pod_level:
        faults += [invalid(path, name, why) for why in container_name_faults(name)]
    elif reasons := name_faults(name):
        faults += [invalid(path, name, why) for why in reasons]
    elif name not in _POD_LEVEL and not is_hugepages(name):
        faults.append(not_supported(path, name, _POD_LEVEL))
    validate_quantity(name, text, path, faults)
    if is_hugepages(name) and not _is_multiple(text, name.partition("-")[2]):
        faults.append(invalid(path, text, f"{text} is not positive integer multiple of {name}"))


def _is_multiple(amount: str, page: str) -> bool:
    try:
        size = parse_quantity(page)
    except ValueError:
        return False
    return size > 0 and not size % 1 and not parse_quantity(amount) % size


def _compare(name: str, request: str, limit: str, path: str, faults: Faults) -> None:
    wanted, most = parse_quantity(request), parse_quantity(limit)
    if wanted != most and not is_overcommitable(name):
        faults.append(invalid(path, request, f"must be equal to {name} limit of {limit}"))
    elif wanted > most:
        faults.append(invalid(path, request, f"must be less than or equal to {name} limit of {limit}"))


def _validate_claims(used: Iterable[Part], known: Mapping[str, None], path: str, faults: Faults) -> None:
    """What a container uses of its pod's claims: a whole claim, or single requests of it, each once."""
    seen: set[str] = set()
    for index, claim in enumerate(used):
        where, name, request = f"{path}[{index}]", claim.get("name") or "", claim.get("request") or ""
        if not name:
            faults.append(required(where))
            continue
        key = f"{name}/{request}" if request else name
        if name in seen:
            faults.append(duplicate(where, name))
        else:
            if request:
                faults += [invalid(where + ".request", request, why) for why in dns1123_label_faults(request)]
            if key in seen:
                faults.append(duplicate(where, key))
            elif not request:
                faults += [duplicate(where, name) for other in seen if other.startswith(name + "/")]
            seen.add(key)
        if name not in known:
            hint = ": " + ", ".join(sorted(known)) if known else " which is empty"
            why = "must be one of the names in pod.spec.resourceClaims" + hint
            faults.append(FieldError(ErrorType.NOT_FOUND, where, why, name))


def validate_pod_resources(spec: Part, path: str, faults: Faults) -> None:
    """Of a pod as a whole: no less than its containers ask for together, no less than any of them may take."""
    resources = spec["resources"]
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if resources.get("claims"):
        faults.append(forbidden(path + ".claims", "claims cannot be set for Resources at pod-level"))
    _validate_amounts(limits, requests, path, True, faults)
    for name, asked in aggregate_requests(spec).items():
        own = requests.get(name, "0")
        if asked > parse_quantity(own):
            text = format_quantity(asked, name != "cpu")
            why = f"must be greater than or equal to aggregate container requests of {text}"
            faults.append(invalid(f"{path}.requests[{name}]", own, why))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, text in ((container.get("resources") or {}).get("limits") or {}).items():
            most = limits.get(name)
            if most is not None and parse_quantity(text) > parse_quantity(most):
                where = f"{path}.containers[{index}][{name}].limits"
                faults.append(invalid(where, text, f"must be less than or equal to pod limits of {most}"))


def aggregate_requests(spec: Part) -> dict[str, Decimal]:
    """What all containers ask for at once: the running ones together, or an init container beside the sidecars."""
    running = add_resources(map(_requests, spec.get("containers") or ()))
    sidecars: dict[str, Decimal] = {}
    peak: dict[str, Decimal] = {}
    for container in spec.get("initContainers") or ():
        asked = _requests(container)
        if container.get("restartPolicy") == "Always":
            sidecars = add_resources((sidecars, asked))
            asked = sidecars
        else:
            asked = add_resources((sidecars, asked))
        peak = {name: max(peak.get(name, Decimal(0)), value) for name, value in {**peak, **asked}.items()}
    total = add_resources((running, sidecars))
    return {name: max(total.get(name, Decimal(0)), peak.get(name, Decimal(0))) for name in {**total, **peak}}


def _requests(container: Part) -> dict[str, Decimal]:
    return parse_resources((container.get("resources") or {}).get("requests"))


def validate_overhead(overhead: Mapping[str, str], path: str, faults: Faults) -> None:
    """What running the pod costs besides its containers; upstream judges it as limits."""
    _validate_amounts(overhead, {}, path, False, faults)
