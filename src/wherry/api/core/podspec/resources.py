"""Rules for requests and limits."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import NOT_NEGATIVE
from wherry.api.meta.quantity import parse_quantity

Faults = list[FieldError]

_NATIVE = frozenset({"cpu", "memory", "ephemeral-storage"})
_STANDARD = frozenset({"configmaps", "persistentvolumeclaims", "pods", "secrets", "services", "storage"})
_POD_LEVEL = frozenset({"cpu", "memory"})
_HUGE_PAGES = "hugepages-"
_INTEGER = "must be an integer"


@lru_cache(1024)
def _name_faults(name: str) -> tuple[str, ...]:
    """Standard names, huge pages, or qualified names with a prefix (extended resources)."""
    if name in _NATIVE or name.startswith(_HUGE_PAGES):
        return ()
    faults = list(qualified_name_faults(name))
    if "/" not in name:
        if not faults and name not in _STANDARD:
            faults.append("must be a standard resource type or fully qualified")
        faults.append("must be a standard resource for containers")
    return tuple(faults)


def is_extended(name: str) -> bool:
    """Whether a resource belongs to a device plug-in: counted in whole numbers, never overcommitted."""
    return "/" in name and not name.partition("/")[0].endswith("kubernetes.io") and not name.startswith("requests.")


def is_overcommitable(name: str) -> bool:
    return not is_extended(name) and not name.startswith(_HUGE_PAGES)


def validate_quantity(name: str, text: str, path: str, faults: Faults) -> None:
    """Not negative, and whole where only whole ones exist."""
    value = parse_quantity(text)
    if value < 0:
        faults.append(invalid(path, text, NOT_NEGATIVE))
    if is_extended(name) and value != int(value):
        faults.append(invalid(path, text, _INTEGER))


def validate_resources(resources: dict[str, Any] | None, path: str, faults: Faults) -> None:
    """Of a container."""
    if not resources:
        return
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, text in amounts.items():
            reasons = _name_faults(name)
            if reasons:
                faults += [invalid(f"{path}.{kind}[{name}]", name, why) for why in reasons]
            value = parse_quantity(text)
            if value < 0 or name not in _NATIVE:
                validate_quantity(name, text, f"{path}.{kind}[{name}]", faults)
    for name, text in requests.items():
        limit = limits.get(name)
        if limit is not None and limit != text:
            _compare(name, parse_quantity(text), text, parse_quantity(limit), limit, f"{path}.requests", faults)
        elif limit is None and not is_overcommitable(name):
            faults.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
    _validate_huge_pages(limits, requests, path, faults)
    _validate_claims(resources.get("claims"), path, faults)


def _compare(
    name: str, request: Decimal, request_text: str, limit: Decimal, limit_text: str, path: str, faults: Faults
) -> None:
    if request != limit and not is_overcommitable(name):
        faults.append(invalid(path, request_text, f"must be equal to {name} limit of {limit_text}"))
    elif request > limit:
        faults.append(invalid(path, request_text, f"must be less than or equal to {name} limit of {limit_text}"))


def _validate_huge_pages(limits: dict[str, str], requests: dict[str, str], path: str, faults: Faults) -> None:
    names = limits.keys() | requests.keys()
    if any(name.startswith(_HUGE_PAGES) for name in names) and not names & {"cpu", "memory"}:
        faults.append(forbidden(path, "HugePages require cpu or memory"))


def _validate_claims(claims: list[dict[str, Any]] | None, path: str, faults: Faults) -> None:
    seen: set[tuple[str, str]] = set()
    for index, claim in enumerate(claims or ()):
        key = (claim.get("name") or "", claim.get("request") or "")
        if key in seen:
            faults.append(invalid(f"{path}.claims[{index}]", claim.get("name"), "must be unique"))
        seen.add(key)


def validate_pod_resources(resources: dict[str, Any], path: str, faults: Faults) -> None:
    """Of a pod as a whole."""
    for kind in ("limits", "requests"):
        for name in resources.get(kind) or ():
            if name not in _POD_LEVEL and not name.startswith(_HUGE_PAGES):
                faults.append(not_supported(f"{path}.{kind}[{name}]", name, _POD_LEVEL))
    validate_resources({key: resources.get(key) for key in ("limits", "requests")}, path, faults)
