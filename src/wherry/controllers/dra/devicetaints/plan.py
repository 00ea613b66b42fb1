"""Until when a Pod may keep its devices, for which reasons it has to go, and what is said of a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.claims import claim_name
from wherry.api.dra.tolerating import DeviceId, means, tolerates
from wherry.api.types.core_v1 import Pod
from wherry.api.types.resource_v1 import (
    DeviceRequestAllocationResult,
    DeviceTaint,
    DeviceTaintRule,
    ResourceClaim,
)
from wherry.controllers.ownership import is_controlled_by

EVICTS = "NoExecute"


class Eviction(Struct, frozen=True):
    """A Pod has to go at that time, because of these rules (and whatever drivers say)."""

    when: float
    rules: frozenset[str] = frozenset()
    """By UID."""


class Pending(Struct, frozen=True):
    """How many Pods still have to go because of a rule, and how much it is about."""

    pods: int = 0
    namespaces: int = 0
    published: int = 0
    allocated: int = 0


def device_of(result: DeviceRequestAllocationResult) -> DeviceId:
    return (result.driver, result.pool, result.device)


def results(claim: ResourceClaim) -> Sequence[DeviceRequestAllocationResult]:
    allocation = claim.status.allocation
    return allocation.devices.results if allocation is not None and allocation.devices is not None else ()


def held_claims(pod: Pod, find: Callable[[str], ResourceClaim | None]) -> list[ResourceClaim]:
    """The claims that a Pod on a node uses."""
    if not pod.spec.node_name:
        return []
    found = []
    for one in pod.spec.resource_claims:
        name = claim_name(one, pod.status)
        claim = find(name) if isinstance(name, str) else None
        if claim is None or (not one.resource_claim_name and not is_controlled_by(claim.metadata, pod.metadata.uid)):
            continue
        if any(holder.uid == pod.metadata.uid for holder in claim.status.reserved_for):
            found.append(claim)
    return found


def eviction(
    claims: Iterable[ResourceClaim],
    published: Callable[[DeviceId], Sequence[DeviceTaint]],
    rules: Sequence[DeviceTaintRule],
    now: float,
) -> Eviction | None:
    """When the holder of the claims has to go; None while all is tolerated."""
    moments: list[float] = []
    reasons: set[str] = set()
    for result in (result for claim in claims for result in results(claim)):
        device = device_of(result)
        taints = [("", taint) for taint in published(device)]
        taints += [(rule.metadata.uid, rule.spec.taint) for rule in rules if means(rule.spec.device_selector, device)]
        for rule_uid, taint in taints:
            moment = _until(result, taint, now) if taint.effect == EVICTS else None
            if moment is not None:
                moments.append(moment)
                reasons.add(rule_uid)
    return Eviction(min(moments), frozenset(reasons - {""})) if moments else None


def _until(result: DeviceRequestAllocationResult, taint: DeviceTaint, now: float) -> float | None:
    """Until when the taint is tolerated; None for ever."""
    added = taint.time_added.timestamp() if taint.time_added is not None else now
    granted = [one.toleration_seconds for one in result.tolerations if one.effect == EVICTS and tolerates(one, taint)]
    if any(seconds is None for seconds in granted):
        return None
    return added + max(0, min((seconds for seconds in granted if seconds is not None), default=0))


def condition(rule: DeviceTaintRule, pending: Pending, evicted: int) -> Obj:
    """The condition `EvictionInProgress` of a rule, without its time."""
    found: Obj = {
        "type": "EvictionInProgress",
        "status": "False",
        "reason": "OtherEffect",
        "message": "Eviction only happens for the NoExecute effect.",
        "observedGeneration": rule.metadata.generation,
    }
    if rule.spec.taint.effect == EVICTS:
        found |= {"reason": "Completed" if evicted else "NotStarted", "message": ""}
        if pending.pods:
            need = "pod needs" if pending.pods == 1 else "pods need"
            message = f"{pending.pods} {need} to be evicted in {_namespaces(pending)}."
            found |= {"status": "True", "reason": "PodsPendingEviction", "message": message}
    elif rule.spec.taint.effect == "None":
        found |= {"reason": "NoEffect", "message": _if_it_evicted(pending)}
    if evicted:
        told = f"{_count(evicted, 'pod')} evicted since starting the controller."
        found["message"] = f"{found['message']} {told}".lstrip()
    return found


def _if_it_evicted(pending: Pending) -> str:
    return (
        f"{_count(pending.published, 'published device')} selected. "
        f"{_count(pending.allocated, 'allocated device')} selected. "
        f"{_count(pending.pods, 'pod')} would be evicted in {_namespaces(pending)} if the effect was NoExecute. "
        "This information will not be updated again. Recreate the DeviceTaintRule to trigger an update."
    )


def _namespaces(pending: Pending) -> str:
    return "1 namespace" if pending.namespaces == 1 else f"{pending.namespaces} different namespaces"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
