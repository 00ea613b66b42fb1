"""Deletes Pods when their devices' taints are tolerated no longer, and keeps the status of DeviceTaintRules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import errors
from wherry.api.core.pod import PODS
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.dra.tolerating import DeviceId, means
from wherry.api.features import DEFAULTS, Features, Gate
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import to_obj
from wherry.api.types.resource_v1 import DeviceTaint, DeviceTaintRule, ResourceClaim, ResourceSlice
from wherry.client import Client, Key
from wherry.controllers.disruption import mark_disrupted
from wherry.controllers.dra.devicetaints import plan
from wherry.controllers.ownership import key_of
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

_NAME = "device-taint-eviction-controller"
_PERIOD = 10.0
"""The status of a rule is written no more often than that."""
_BY_POOL = "pool of devices"


class _Memory(Struct):
    """What both loops know of one control plane."""

    due: set[str] = field(default_factory=set)
    """UIDs of Pods that will have to go."""
    evicted: Counter[str] = field(default_factory=Counter)
    """Pods by the UID of the rule because of which they went."""


def controllers(features: Features = DEFAULTS) -> tuple[Controller, ...]:
    """The loop over Pods and the loop over rules of one control plane, where there are rules."""
    memory = _Memory()
    loops = (_pods_controller(memory), _rules_controller(memory))
    return loops if features.has(Gate.DRA_DEVICE_TAINT_RULES) else loops[:1]


async def _reconcile_pod(key: Key, deps: Deps) -> Result:
    pod = deps.client.informer(PODS, Pod).get(key)
    if pod is None or pod.metadata.deletion_timestamp is not None:
        return DONE
    memory: _Memory = deps.state
    uid, now = pod.metadata.uid, deps.clock.time()
    rules = _evicting(deps.client) if deps.features.has(Gate.DRA_DEVICE_TAINT_RULES) else []
    found = _eviction(deps.client, pod, rules, now)
    if found is None:
        if uid in memory.due:
            memory.due.discard(uid)
            deps.events.event(pod, "Normal", "DeviceTaintManagerEviction", "Cancelling deletion")
        return DONE
    memory.due.add(uid)
    if found.when > now:
        return Result(found.when - now)
    if await _evict(pod, deps):
        memory.evicted.update(found.rules)
    memory.due.discard(uid)
    return DONE


async def _evict(pod: Pod, deps: Deps) -> bool:
    """Whether it was us who deleted the Pod."""
    metadata = pod.metadata
    deps.events.event(pod, "Normal", "DeviceTaintManagerEviction", "Marking for deletion")
    why = ("DeletionByDeviceTaintManager", "Device Taint manager: deleting due to NoExecute taint")
    try:
        await mark_disrupted(deps, pod, *why)
        await deps.client.delete(PODS, metadata.name, metadata.namespace, uid=metadata.uid)
    except errors.NotFound:
        return False
    return True


async def _reconcile_rule(key: Key, deps: Deps) -> Result:
    rule = deps.client.informer(DEVICETAINTRULES, DeviceTaintRule).get(key)
    if rule is None:
        return DONE
    memory: _Memory = deps.state
    now = deps.clock.time()
    written = next((one for one in rule.status.conditions if one.type == "EvictionInProgress"), None)
    if written is not None and written.observed_generation == rule.metadata.generation:
        left = _PERIOD - (now - _seconds(written.last_transition_time))
        if left > 0:
            return Result(left)
    told = plan.condition(rule, _pending(deps.client, rule, now), memory.evicted[rule.metadata.uid])
    if written is not None and to_obj(written) | told == to_obj(written):
        return DONE
    applied = {
        "apiVersion": DEVICETAINTRULES.api_version,
        "kind": DEVICETAINTRULES.kind,
        "metadata": {"name": key.name, "uid": rule.metadata.uid},
        "status": {"conditions": [told | {"lastTransitionTime": format_time(now)}]},
    }
    await deps.client.apply(DEVICETAINTRULES, applied, manager=_NAME, force=True, subresource="status")
    return DONE


def _seconds(time: datetime | None) -> float:
    return time.timestamp() if time is not None else 0.0


def _pending(client: Client, rule: DeviceTaintRule, now: float) -> plan.Pending:
    """What the rule is about, and who would have to go if it evicted."""
    effect = rule.spec.taint.effect
    if effect not in (plan.EVICTS, "None"):
        return plan.Pending()
    claims = [claim for claim in client.informer(RESOURCECLAIMS, ResourceClaim).list() if _concerns(rule, claim)]
    as_evicting = _with_effect(rule)
    pods = [pod for pod in _holders(client, claims) if pod.metadata.deletion_timestamp is None]
    going = [pod for pod in pods if _goes_by(client, pod, as_evicting, now)]
    found = plan.Pending(pods=len(going), namespaces=len({pod.metadata.namespace for pod in going}))
    if effect == plan.EVICTS:
        return found
    selector = rule.spec.device_selector
    allocated = [plan.device_of(result) for claim in claims for result in plan.results(claim)]
    return replace(
        found,
        published=sum(means(selector, device) for device in _published(client)),
        allocated=sum(means(selector, device) for device in allocated),
    )


def _goes_by(client: Client, pod: Pod, rule: DeviceTaintRule, now: float) -> bool:
    found = _eviction(client, pod, [rule], now)
    return found is not None and rule.metadata.uid in found.rules


def _with_effect(rule: DeviceTaintRule) -> DeviceTaintRule:
    taint = msgspec.structs.replace(rule.spec.taint, effect=plan.EVICTS)
    return msgspec.structs.replace(rule, spec=msgspec.structs.replace(rule.spec, taint=taint))


def _concerns(rule: DeviceTaintRule, claim: ResourceClaim) -> bool:
    return any(means(rule.spec.device_selector, plan.device_of(result)) for result in plan.results(claim))


def _published(client: Client) -> Iterable[DeviceId]:
    """Every device of the newest generation of its pool."""
    slices = list(client.informer(RESOURCESLICES, ResourceSlice).list())
    newest: dict[tuple[str, str], int] = {}
    for one in slices:
        pool = (one.spec.driver, one.spec.pool.name)
        newest[pool] = max(newest.get(pool, 0), one.spec.pool.generation)
    for one in slices:
        pool = (one.spec.driver, one.spec.pool.name)
        if one.spec.pool.generation == newest[pool]:
            yield from ((*pool, device.name) for device in one.spec.devices)


def _eviction(client: Client, pod: Pod, rules: Sequence[DeviceTaintRule], now: float) -> plan.Eviction | None:
    informer, namespace = client.informer(RESOURCECLAIMS, ResourceClaim), pod.metadata.namespace
    claims = plan.held_claims(pod, lambda name: informer.get(Key(namespace, name)))
    return plan.eviction(claims, lambda device: _taints(client, device), rules, now)


def _taints(client: Client, device: DeviceId) -> Sequence[DeviceTaint]:
    """What the driver says of a device."""
    slices = list(client.informer(RESOURCESLICES, ResourceSlice).by_index(_BY_POOL, f"{device[0]}/{device[1]}"))
    newest = max((one.spec.pool.generation for one in slices), default=0)
    for one in slices:
        if one.spec.pool.generation == newest:
            for view in one.spec.devices:
                if view.name == device[2]:
                    return view.taints
    return ()


def _evicting(client: Client) -> list[DeviceTaintRule]:
    rules = client.informer(DEVICETAINTRULES, DeviceTaintRule).list()
    return [rule for rule in rules if rule.spec.taint.effect == plan.EVICTS]


def _holders(client: Client, claims: Iterable[ResourceClaim]) -> list[Pod]:
    """The Pods that hold any of the claims, each once."""
    informer = client.informer(PODS, Pod)
    keys = {
        Key(claim.metadata.namespace, holder.name): None for claim in claims for holder in claim.status.reserved_for
    }
    return [pod for key in keys if (pod := informer.get(key)) is not None]


def _pods_of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    if new is None:
        if old is not None:
            deps.state.due.discard(old.metadata.uid)
        return ()
    return (key_of(new.metadata),) if new.spec.resource_claims and new.spec.node_name else ()


def _pods_of_claim(old: ResourceClaim | None, new: ResourceClaim | None, deps: Deps) -> Iterable[Key]:
    return [key_of(pod.metadata) for pod in _holders(deps.client, [one for one in (old, new) if one is not None])]


def _pods_of_slice(old: ResourceSlice | None, new: ResourceSlice | None, deps: Deps) -> Iterable[Key]:
    pools = [f"{one.spec.driver}/{one.spec.pool.name}" for one in (old, new) if one is not None]
    informer = deps.client.informer(RESOURCECLAIMS, ResourceClaim)
    claims = [claim for pool in dict.fromkeys(pools) for claim in informer.by_index(_BY_POOL, pool)]
    return [key_of(pod.metadata) for pod in _holders(deps.client, claims)]


def _pods_of_rule(old: DeviceTaintRule | None, new: DeviceTaintRule | None, deps: Deps) -> Iterable[Key]:
    if old is not None and new is not None and old.spec == new.spec:
        return ()
    rules = [rule for rule in (old, new) if rule is not None and rule.spec.taint.effect == plan.EVICTS]
    claims = deps.client.informer(RESOURCECLAIMS, ResourceClaim).list() if rules else ()
    concerned = [claim for claim in claims if any(_concerns(rule, claim) for rule in rules)]
    return [key_of(pod.metadata) for pod in _holders(deps.client, concerned)]


def _rules_of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    pod = new if new is not None else old
    if pod is None or not pod.spec.resource_claims:
        return ()
    return [key_of(rule.metadata) for rule in _evicting(deps.client)]


def _index(deps: Deps) -> None:
    deps.client.informer(RESOURCECLAIMS, ResourceClaim).add_index(_BY_POOL, _pools_of_claim)
    deps.client.informer(RESOURCESLICES, ResourceSlice).add_index(
        _BY_POOL, lambda one: [f"{one.spec.driver}/{one.spec.pool.name}"]
    )


def _pools_of_claim(claim: ResourceClaim) -> Iterable[str]:
    return dict.fromkeys(f"{result.driver}/{result.pool}" for result in plan.results(claim))


def _pods_controller(memory: _Memory) -> Controller:
    def start(deps: Deps) -> Any:
        _index(deps)
        return memory

    return Controller(
        name=_NAME,
        reconciles=PODS,
        view=Pod,
        reconcile=_reconcile_pod,
        reads=(
            Watch(PODS, Pod, _pods_of_pod),
            Watch(RESOURCECLAIMS, ResourceClaim, _pods_of_claim),
            Watch(RESOURCESLICES, ResourceSlice, _pods_of_slice),
            Watch(DEVICETAINTRULES, DeviceTaintRule, _pods_of_rule),
        ),
        writes=("pods (delete)", "pods/status.conditions[DisruptionTarget]"),
        start=start,
        hears_own=False,
    )


def _rules_controller(memory: _Memory) -> Controller:
    def start(deps: Deps) -> Any:
        _index(deps)
        return memory

    return Controller(
        name="device-taint-rule-controller",
        reconciles=DEVICETAINTRULES,
        view=DeviceTaintRule,
        reconcile=_reconcile_rule,
        reads=(Watch(PODS, Pod, _rules_of_pod),),
        writes=("devicetaintrules.resource.k8s.io/status",),
        start=start,
        component=_NAME,
    )
