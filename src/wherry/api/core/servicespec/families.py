"""Which address families a Service is to have: what its writer said, completed by what the cluster has.

A change never moves a Service between one family and two unless its writer says so, by the policy or by naming a second
family or address; so the defaults depend on the old object too. (KEP-563)
"""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api.core.servicespec.addresses import validate_addresses
from wherry.api.core.servicespec.needs import (
    HEADLESS,
    PREFERRED,
    REQUIRED,
    SINGLE,
    Spec,
    family_of,
    needs_cluster_ip,
    other_family,
)
from wherry.api.field import FieldError, invalid

Faults = list[FieldError]
_POLICY, _FAMILIES, _ADDRESSES = "spec.ipFamilyPolicy", "spec.ipFamilies", "spec.clusterIPs"


def settle_families(spec: Spec, before: Spec | None, cluster: Sequence[str]) -> Faults:
    """Complete `ipFamilyPolicy` and `ipFamilies` for a cluster with these families, its own first.

    Returns what is wrong; nothing may be given out then.
    """
    if not needs_cluster_ip(spec) or (before is not None and _is_settled(spec, before)):
        return []
    is_selectorless = spec.get("clusterIP") == HEADLESS and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        inherited = (before or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = inherited or (REQUIRED if is_selectorless else SINGLE)
    if faults := validate_addresses(spec):
        return faults
    if before is not None:
        _follow_policy(spec, before, faults)
    _check_count(spec, faults)
    _infer_from_addresses(spec, cluster, faults)
    if faults:
        return faults
    if is_selectorless:
        _complete(spec, cluster[0], True)
        return []
    if spec["ipFamilyPolicy"] == REQUIRED and len(cluster) < 2:
        faults.append(invalid(_POLICY, REQUIRED, "this cluster is not configured for dual-stack services"))
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in cluster:
            faults.append(invalid(f"{_FAMILIES}[{index}]", family, "not configured on this cluster"))
    if not faults:
        _complete(spec, cluster[0], len(cluster) == 2)
    return faults


def _is_settled(spec: Spec, before: Spec) -> bool:
    """Whether a Service that prefers two families is left as it is: the cluster's may have changed since."""
    return (
        spec.get("ipFamilyPolicy") == PREFERRED
        and before.get("ipFamilyPolicy") in (None, PREFERRED)
        and spec.get("type") == before.get("type")
        and (spec.get("clusterIPs") or []) == (before.get("clusterIPs") or [])
        and (spec.get("ipFamilies") or []) == (before.get("ipFamilies") or [])
    )


def _follow_policy(spec: Spec, before: Spec, faults: Faults) -> None:
    """To say `SingleStack` is to give the second up; without it nothing may be given up."""
    for field, what in (("clusterIPs", "secondary cluster IP"), ("ipFamilies", "secondary IP family")):
        now, then = spec.get(field) or [], before.get(field) or []
        if spec["ipFamilyPolicy"] == SINGLE:
            if now == then and len(now) > 1:
                spec[field] = now[:1]
        elif now and len(now) < len(then):
            faults.append(invalid(_POLICY, spec["ipFamilyPolicy"], f"must be 'SingleStack' to release the {what}"))


def _check_count(spec: Spec, faults: Faults) -> None:
    if spec["ipFamilyPolicy"] != SINGLE:
        return
    for field, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
        if len(spec.get(field) or ()) == 2:
            why = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
            faults.append(invalid(_POLICY, SINGLE, why))


def _infer_from_addresses(spec: Spec, cluster: Sequence[str], faults: Faults) -> None:
    addresses, families = spec.get("clusterIPs") or [], list(spec.get("ipFamilies") or ())
    for index, address in enumerate(addresses):
        if address == HEADLESS:
            return
        family = family_of(address)
        if index < len(families):
            continue
        if family not in cluster:
            faults.append(invalid(f"{_ADDRESSES}[{index}]", addresses, f"{family} is not configured on this cluster"))
        else:
            families.append(family)
    if families:
        spec["ipFamilies"] = families


def _complete(spec: Spec, first: str, has_second: bool) -> None:
    families = list(spec.get("ipFamilies") or ()) or [first]
    if spec["ipFamilyPolicy"] != SINGLE and len(families) == 1 and has_second:
        families.append(other_family(families[0]))
    spec["ipFamilies"] = families
