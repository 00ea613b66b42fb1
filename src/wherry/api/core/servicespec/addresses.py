"""The rules for a Service's own addresses: `clusterIP`, `clusterIPs`, `ipFamilies`, `ipFamilyPolicy`.

They are asked twice: before anything is given out, and with the rest of validation.
"""

from __future__ import annotations

from wherry.api.core.servicespec.needs import (
    HEADLESS,
    IPV4,
    IPV6,
    PREFERRED,
    REQUIRED,
    SINGLE,
    Spec,
    family_of,
    is_headless,
    needs_cluster_ip,
)
from wherry.api.field import FieldError, duplicate, invalid, not_supported, required
from wherry.api.meta.addresses import validate_legacy_ip

Faults = list[FieldError]
_FAMILIES = (IPV4, IPV6)
_POLICIES = (PREFERRED, REQUIRED, SINGLE)
_PATH = "spec.clusterIPs"


def validate_addresses(spec: Spec) -> Faults:
    """Whether they are well formed and agree with each other."""
    faults: Faults = []
    if not needs_cluster_ip(spec):
        return faults
    addresses = spec.get("clusterIPs") or []
    _validate_agreement(spec.get("clusterIP"), addresses, faults)
    _validate_families(spec, faults)
    if not _validate_each(addresses, faults):
        return faults
    if len(addresses) == 2 and family_of(addresses[0]) == family_of(addresses[1]):
        faults.append(invalid(_PATH, addresses, "may specify no more than one IP for each IP family"))
    if not is_headless(spec):
        for index, (address, family) in enumerate(zip(addresses, spec.get("ipFamilies") or (), strict=False)):
            if family in _FAMILIES and family_of(address) != family:
                why = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
                faults.append(invalid(f"{_PATH}[{index}]", address, why))
    return faults


def _validate_agreement(address: str | None, addresses: list[str], faults: Faults) -> None:
    if address:
        if not addresses:
            faults.append(required(_PATH))
        elif addresses[0] != address:
            faults.append(invalid(_PATH, addresses, "first value must match `clusterIP`"))
    elif addresses:
        faults.append(invalid(_PATH, addresses, "must be empty when `clusterIP` is not specified"))


def _validate_families(spec: Spec, faults: Faults) -> None:
    seen: set[str] = set()
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        path = f"spec.ipFamilies[{index}]"
        if family not in _FAMILIES:
            faults.append(not_supported(path, family, _FAMILIES))
        if family in seen:
            faults.append(duplicate(path, family))
        seen.add(family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        faults.append(not_supported("spec.ipFamilyPolicy", policy, _POLICIES))


def _validate_each(addresses: list[str], faults: Faults) -> bool:
    """Whether all are addresses, so that more can be said of them."""
    known = len(faults)
    for index, address in enumerate(addresses):
        if index == 0 and address == HEADLESS:
            if len(addresses) > 1:
                faults.append(invalid(_PATH, addresses, "'None' must be the first and only value"))
            continue
        faults += validate_legacy_ip(address, f"{_PATH}[{index}]")
    is_sound = len(faults) == known
    if len(addresses) > 2:
        faults.append(invalid(_PATH, addresses, "may only hold up to 2 values"))
        if is_sound:
            faults.append(invalid(_PATH, addresses, "may specify no more than one IP for each IP family"))
    return is_sound
