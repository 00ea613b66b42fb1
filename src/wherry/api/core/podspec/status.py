"""Rules for what is reported of a pod: what has ended for good stays so, addresses are addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.annotations import validate_annotation_update
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported
from wherry.api.meta.addresses import validate_legacy_ip
from wherry.api.meta.names import dns1123_subdomain_faults, in_range_text, qualified_name_faults

Faults = list[FieldError]
Part = dict[str, Any]

_SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})
_HEALTH = ("Healthy", "Unhealthy", "Unknown")
_MAX_ID = 2**31 - 1
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_ONE_OF_EACH = "may specify no more than one IP for each IP family"


def validate_pod_status_update(new: Obj, old: Obj) -> Faults:
    """Faults of a report, most of which are the kubelet's."""
    status, before, spec = new.get("status") or {}, old.get("status") or {}, old["spec"]
    faults: Faults = []
    annotations, known = new["metadata"].get("annotations"), old["metadata"].get("annotations")
    if annotations != known:
        validate_annotation_update(annotations or {}, known or {}, "metadata.annotations", faults)
    for index, condition in enumerate(status.get("conditions") or ()):
        kind = condition.get("type") or ""
        if kind not in _SYSTEM_CONDITIONS:
            reasons = qualified_name_faults(kind)
            faults += [invalid(f"metadata.conditions[{index}].Type", kind, why) for why in reasons]
    nominated = status.get("nominatedNodeName") or ""
    if nominated and nominated != before.get("nominatedNodeName"):
        faults += [invalid("status.nominatedNodeName", nominated, why) for why in dns1123_subdomain_faults(nominated)]
    if before.get("qosClass") and status.get("qosClass") != before["qosClass"]:
        faults.append(invalid("status.qosClass", status.get("qosClass") or "", "field is immutable"))
    _validate_ended_all(spec, status, before, faults)
    if claims := status.get("resourceClaimStatuses"):
        _validate_claims(claims, spec.get("resourceClaims") or (), faults)
    _validate_addresses(status, before, faults)
    _validate_details(spec, status, faults)
    return faults


def _validate_ended_all(spec: Part, status: Part, before: Part, faults: Faults) -> None:
    policy = spec.get("restartPolicy") or "Always"
    if policy != "Always":
        exempt = _restarting(spec.get("containers") or ())
        _validate_ended(status, before, "containerStatuses", policy, exempt, faults)
        exempt = _restarting(spec.get("initContainers") or ())
        _validate_ended(status, before, "initContainerStatuses", policy, exempt, faults)
    _validate_ended(status, before, "ephemeralContainerStatuses", "Never", frozenset(), faults)


def _restarting(containers: Sequence[Part]) -> frozenset[str]:
    """Containers that may run again whatever the pod's policy is: by their own, or by their rules."""
    return frozenset(
        each.get("name") or ""
        for each in containers
        if each.get("restartPolicy") in ("Always", "OnFailure") or each.get("restartPolicyRules")
    )


def _validate_ended(
    status: Part, before: Part, field: str, policy: str, exempt: frozenset[str], faults: Faults
) -> None:
    if not before.get(field):
        return
    states = {entry.get("name"): entry.get("state") or {} for entry in status.get(field) or ()}
    for index, entry in enumerate(before[field]):
        ended = (entry.get("state") or {}).get("terminated")
        if ended is None or entry.get("name") in exempt or (ended.get("exitCode") and policy == "OnFailure"):
            continue
        if "terminated" not in states.get(entry.get("name"), entry["state"]):
            why = "may not be transitioned to non-terminated state"
            faults.append(forbidden(f"status.{field}[{index}].state", why))


def _validate_claims(statuses: Sequence[Part], claims: Sequence[Part], faults: Faults) -> None:
    known, seen = {claim.get("name") for claim in claims}, set[str]()
    for index, status in enumerate(statuses):
        path, name = f"status.resourceClaimStatuses[{index}].name", status.get("name") or ""
        if name not in known:
            faults.append(invalid(path, name, "must match the name of an entry in `spec.resourceClaims`"))
        if name in seen:
            faults.append(duplicate(path, name))
        seen.add(name)
        made = status.get("resourceClaimName")
        if made is not None:
            faults += [invalid(path, made, why) for why in dns1123_subdomain_faults(made)]


def _validate_addresses(status: Part, before: Part, faults: Faults) -> None:
    hosts = status.get("hostIPs") or []
    if hosts and status.get("hostIP") != hosts[0].get("ip"):
        faults.append(invalid("status.hostIPs[0].ip", hosts[0].get("ip") or "", "must be equal to `hostIP`"))
    for field in ("podIPs", "hostIPs"):
        entries = status.get(field) or []
        if entries and entries != before.get(field):
            _validate_list([entry.get("ip") or "" for entry in entries], f"status.{field}", faults)


def _validate_list(addresses: list[str], path: str, faults: Faults) -> None:
    seen: set[str] = set()
    for index, address in enumerate(addresses):
        faults += validate_legacy_ip(address, f"{path}[{index}]")
    if len(addresses) > 1 and (len(addresses) > 2 or len({":" in address for address in addresses}) < 2):
        faults.append(invalid(path, [{"IP": address} for address in addresses], _ONE_OF_EACH))
    for index, address in enumerate(addresses):
        if address in seen:
            faults.append(duplicate(f"{path}[{index}]", {"IP": address}))
        seen.add(address)


def _validate_details(spec: Part, status: Part, faults: Faults) -> None:
    """What few containers report: users, the health of devices."""
    for field in _STATUSES:
        for index, entry in enumerate(status.get(field) or ()):
            if "user" in entry:
                _validate_user(
                    entry["user"], (spec.get("os") or {}).get("name"), f"status.{field}[{index}].linux", faults
                )
            if health := entry.get("allocatedResourcesStatus"):
                path = f"status.{field}[{index}].allocatedResourcesStatus"
                if field == "ephemeralContainerStatuses":
                    faults.append(forbidden(path, "must not be specified in container status"))
                else:
                    _validate_health(health, _container(spec, field, entry.get("name")), path, faults)


def _container(spec: Part, field: str, name: str | None) -> Part | None:
    containers = spec.get("initContainers" if field.startswith("init") else "containers") or ()
    return next((each for each in containers if each.get("name") == name), None)


def _validate_user(user: Part, system: str | None, path: str, faults: Faults) -> None:
    linux = user.get("linux")
    if linux is None:
        return
    if system == "windows":
        faults.append(forbidden(path, "cannot be set for a windows pod"))
        return
    groups = [
        (f"supplementalGroups[{index}]", group) for index, group in enumerate(linux.get("supplementalGroups") or ())
    ]
    for field, number in (("uid", linux.get("uid") or 0), ("gid", linux.get("gid") or 0), *groups):
        if not 0 <= number <= _MAX_ID:
            faults.append(invalid(f"{path}.{field}", number, in_range_text(0, _MAX_ID)))


def _validate_health(health: Sequence[Part], container: Part | None, path: str, faults: Faults) -> None:
    for index, resource in enumerate(health):
        where, name = f"{path}[{index}]", resource.get("name") or ""
        if container is not None and (why := _unknown_resource(name, container.get("resources") or {})):
            faults.append(invalid(where + ".name", name, why))
        seen: set[str] = set()
        for at, each in enumerate(resource.get("resources") or ()):
            state, device = each.get("health"), each.get("resourceID") or ""
            if state not in _HEALTH:
                faults.append(not_supported(f"{where}.resources[{at}].health", state or "", _HEALTH))
            if device in seen:
                faults.append(duplicate(f"{where}.resources[{at}].resourceID", device))
            seen.add(device)


def _unknown_resource(name: str, resources: Part) -> str:
    if name.startswith("claim:"):
        claims = resources.get("claims") or ()
        known = {"/".join(filter(None, (f"claim:{c.get('name')}", c.get("request")))) for c in claims}
        if name not in known:
            return (
                "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or "
                "'claim:<claimName>' if request is empty"
            )
        return ""
    return "" if name in (resources.get("requests") or {}) else "must match one of the container's resource requests"
