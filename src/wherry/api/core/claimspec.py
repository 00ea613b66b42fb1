"""The rules for what a claim asks for: of PersistentVolumeClaims, and of the templates from which they are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults
from wherry.api.meta.quantity import parse_quantity

Faults = list[FieldError]
Spec = dict[str, Any]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")


def validate_access_modes(modes: Sequence[str], path: str, faults: Faults) -> None:
    """Known ones; the one for a single pod stands alone."""
    for mode in modes:
        if mode not in ACCESS_MODES:
            faults.append(not_supported(path, mode, ACCESS_MODES))
    if "ReadWriteOncePod" in modes and any(mode in ACCESS_MODES[:3] for mode in modes):
        faults.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))


def validate_claim_spec(spec: Spec, path: str, known: Spec | None = None) -> Faults:
    """A whole specification. `known` is the one before: what it had of names that would be refused today may stay."""
    faults: Faults = []
    modes = spec.get("accessModes") or ()
    if not modes:
        faults.append(required(path + ".accessModes", "at least 1 access mode is required"))
    faults += validate_label_selector(spec.get("selector"), path + ".selector")
    validate_access_modes(modes, path + ".accessModes", faults)
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if size is None:
        faults.append(required(path + ".resources[storage]"))
    elif parse_quantity(size) <= 0:
        faults.append(invalid(path + ".resources[storage]", size, "must be greater than zero"))
    if name := spec.get("storageClassName"):
        faults += [invalid(path + ".storageClassName", name, why) for why in dns1123_subdomain_faults(name)]
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        faults.append(not_supported(path + ".volumeMode", mode, VOLUME_MODES))
    _validate_sources(spec, path, bool(known and _has_group(known)), faults)
    if name := spec.get("volumeAttributesClassName"):
        faults += [invalid(path + ".volumeAttributesClassName", name, why) for why in dns1123_subdomain_faults(name)]
    return faults


def _has_group(spec: Spec) -> bool:
    return any((spec.get(field) or {}).get("apiGroup") is not None for field in ("dataSource", "dataSourceRef"))


def _validate_sources(spec: Spec, path: str, any_group: bool, faults: Faults) -> None:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    for field, value in (("dataSource", source), ("dataSourceRef", reference)):
        if value is not None:
            _validate_source(value, f"{path}.{field}", any_group, faults)
    if reference is None:
        return
    if namespace := reference.get("namespace"):
        faults += [
            invalid(path + ".dataSourceRef.namespace", namespace, why) for why in dns1123_label_faults(namespace)
        ]
        if source is not None:
            why = "may not be specified when dataSourceRef.namespace is specified"
            faults.append(invalid(path, {}, why))
    elif source is not None and any(source.get(f) != reference.get(f) for f in ("apiGroup", "kind", "name")):
        faults.append(invalid(path, {}, "must match dataSourceRef"))


def _validate_source(source: Spec, path: str, any_group: bool, faults: Faults) -> None:
    kind, group = source.get("kind") or "", source.get("apiGroup") or ""
    faults += [required(f"{path}.{field}") for field in ("name", "kind") if not source.get(field)]
    if not group and kind != "PersistentVolumeClaim":
        why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        faults.append(invalid(path, kind, why))
    elif group and not any_group:
        faults += [invalid(path + ".apiGroup", group, why) for why in dns1123_subdomain_faults(group)]


def warn_of_claim_spec(spec: Spec, path: str) -> list[str]:
    """Of sizes that no volume can have."""
    found = []
    for kind in ("requests", "limits"):
        text = ((spec.get("resources") or {}).get(kind) or {}).get("storage")
        if text is not None and parse_quantity(text) % 1:
            why = f'fractional byte value "{text}" is invalid, must be an integer'
            found.append(f"{path}.resources.{kind}[storage]: {why}")
    return found
