"""A node has the devices that a Pod's claims ask for (upstream: DynamicResources).

Claims that have been allocated bind the Pod to the nodes from which their devices are reached; for the others a search
is made on each node that comes into question. The choice is held in memory until it is written, just before binding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.claims import Named, claim_name
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.types.core_v1 import PodStatus
from wherry.api.types.resource_v1 import DeviceClass, DeviceTaintRule, ResourceClaim, ResourceSlice
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.dynamic import allocator
from wherry.scheduler.dynamic.allocator import Given
from wherry.scheduler.dynamic.binding import ClaimsHold, deallocate
from wherry.scheduler.dynamic.inventory import Inventory, devices_in
from wherry.scheduler.dynamic.pools import Device, Place, selects
from wherry.scheduler.dynamic.requests import PRIORITIES, Demand, Unanswerable, Wanted, demand
from wherry.scheduler.dynamic.results import allocation
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import (
    NODE,
    PENDING_POD,
    Action,
    Filter,
    Handle,
    Hint,
    Hold,
    Plugin,
    Prepared,
    Rate,
    Refusal,
    Score,
    Source,
    highest_first,
)

_ELSEWHERE = Refusal(("resourceclaim not available on the node",), is_lasting=True)
_TOO_FEW = Refusal(("cannot allocate all claims",), is_lasting=True)
_CLAIM = Source("ResourceClaim", RESOURCECLAIMS, ResourceClaim)
_CLASS = Source("DeviceClass", DEVICECLASSES, DeviceClass)
_SLICE = Source("ResourceSlice", RESOURCESLICES, ResourceSlice)
_RULE = Source("DeviceTaintRule", DEVICETAINTRULES, DeviceTaintRule)


def make(_: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile."""
    rule = _Rule(handle.common(_inventory), handle)
    new = Action.ADD | Action.UPDATE
    return Plugin(
        "DynamicResources",
        filter=Filter(rule.prepare),
        score=Score(rule.prepare_score, normalize=highest_first),
        gate=rule.gate,
        hints=(
            Hint(NODE, Action.ADD | Action.LABELS | Action.ALLOCATABLE),
            Hint(_CLAIM, new, rule.claim_helps),
            Hint(PENDING_POD, Action.CLAIMS, rule.own_change_helps),
            Hint(_CLASS, new),
            Hint(_SLICE, new),
            Hint(_RULE, Action.ALL),
        ),
    )


def _inventory(handle: Handle) -> Inventory:
    return Inventory(handle.client)


class _Unready(Exception):
    """The Pod's claims are not as they must be; says why."""


class _Rule:
    """The rule with what it knows of devices."""

    def __init__(self, inventory: Inventory, handle: Handle) -> None:
        self._inventory = inventory
        self._handle = handle
        self._found: tuple[str, dict[str, list[list[Given]]]] = ("", {})
        """The Pod that was asked for last, and what it would get by node."""

    def gate(self, pod: PodInfo) -> Refusal | None:
        if not pod.resource_claims:
            return None
        try:
            self._claims(pod)
        except _Unready as why:
            return Refusal((str(why),), is_lasting=True)
        return None

    def prepare(self, pod: PodInfo, cluster: Cluster) -> Prepared | Refusal | None:
        if not pod.resource_claims:
            return None
        try:
            claims = self._claims(pod)
            demands = [self._demand(claim) for claim in claims if claim.status.allocation is None]
        except (_Unready, Unanswerable) as why:
            return Refusal((str(why),), is_lasting=True)
        if not claims:
            return None
        bound = [claim for claim in claims if claim.status.allocation is not None]
        self._free_stranded(pod, bound, cluster)
        results: dict[str, list[list[Given]]] = {}
        self._found = (pod.uid, results)
        matched: dict[tuple[Wanted, Device], bool] = {}

        def check(node: NodeInfo) -> Refusal | None:
            if not all(_is_reached(claim, node) for claim in bound):
                return _ELSEWHERE
            if not demands:
                return None
            try:
                given = self._search(demands, node, matched)
            except allocator.Failed as why:
                return Refusal((str(why),), is_lasting=True)
            if given is None:
                return _TOO_FEW
            results[node.name] = given
            return None

        def reserve(node: NodeInfo) -> Hold | Refusal | None:
            return self._hold(pod, claims, demands, results.get(node.name), node)

        return Prepared(check, reserve=reserve)

    def prepare_score(self, pod: PodInfo, _: Cluster, __: Sequence[NodeInfo]) -> Rate | None:
        uid, results = self._found
        if not pod.resource_claims or uid != pod.uid:
            return None

        def rate(node: NodeInfo) -> int:
            chosen = {(number, one.wanted) for number, given in enumerate(results.get(node.name, ())) for one in given}
            return sum(PRIORITIES - wanted.rank for _, wanted in chosen if wanted.alternative)

        return rate

    def claim_helps(self, pod: PodInfo, old: ResourceClaim | None, new: ResourceClaim) -> bool:
        """Whether the Pod waits for this claim, or devices became free."""
        try:
            claims = self._claims(pod)
        except _Unready:
            return False
        if old is not None and old.status.allocation is not None and new.status.allocation is None:
            return True
        if all(claim.metadata.uid != new.metadata.uid for claim in claims):
            return False
        return old is None or old.status != new.status

    def own_change_helps(self, pod: PodInfo, old: PodInfo, new: PodInfo) -> bool:
        """Whether the Pod now has all its claims."""
        return self.gate(new) is None

    def _claims(self, pod: PodInfo) -> list[ResourceClaim]:
        """The claims of a Pod; raises _Unready."""
        namespace, status = pod.key.namespace, PodStatus(resource_claim_statuses=pod.claim_statuses)
        found = []
        for one in pod.resource_claims:
            name = claim_name(one, status)
            if name is Named.NOT_YET:
                raise _Unready(f'pod "{pod.key}": ResourceClaim not created yet')
            if not isinstance(name, str):
                continue
            claim = self._inventory.claim(namespace, name)
            if claim is None:
                raise _Unready(f'could not find ResourceClaim "{namespace}/{name}"')
            if claim.metadata.deletion_timestamp is not None:
                raise _Unready(f'resourceclaim "{name}" is being deleted')
            owners = claim.metadata.owner_references
            if not one.resource_claim_name and not any(own.controller and own.uid == pod.uid for own in owners):
                why = f"ResourceClaim {namespace}/{name} was not created for Pod {pod.key} (Pod is not owner)"
                raise _Unready(why)
            found.append(claim)
        return found

    def _demand(self, claim: ResourceClaim) -> Demand:
        meta = claim.metadata
        if self._inventory.is_promised(meta.uid):
            raise _Unready(f"resource claim {meta.namespace}/{meta.name} is in the process of being allocated")
        return demand(claim, self._inventory.device_class)

    def _search(
        self, demands: Sequence[Demand], node: NodeInfo, matched: dict[tuple[Wanted, Device], bool]
    ) -> list[list[Given]] | None:
        def matches(wanted: Wanted, device: Device) -> bool:
            key = (wanted, device)
            if key not in matched:
                matched[key] = _suits(wanted, device)
            return matched[key]

        return allocator.allocate(demands, self._inventory.pools(node), self._inventory.is_taken, matches)

    def _hold(
        self,
        pod: PodInfo,
        claims: list[ResourceClaim],
        demands: Sequence[Demand],
        given: list[list[Given]] | None,
        node: NodeInfo,
    ) -> Hold | Refusal:
        if demands and given is None:
            return Refusal(("claim allocation not found for node",))
        allocations: dict[str, Obj] = {}
        for one, devices in zip(demands, given or (), strict=True):
            made = allocation(one.claim, devices, node.name)
            allocations[one.claim.metadata.uid] = made
            self._inventory.promise(one.claim.metadata.uid, devices_in(made))
        return ClaimsHold(self._inventory, self._handle.clock, pod, claims, allocations)

    def _free_stranded(self, pod: PodInfo, bound: Sequence[ResourceClaim], cluster: Cluster) -> None:
        """Take back what a claim has where no node is left to use it, unless another Pod holds it."""
        for claim in bound:
            holders = {holder.uid for holder in claim.status.reserved_for}
            if holders <= {pod.uid} and not any(_is_reached(claim, node) for node in cluster.nodes()):
                self._inventory.tasks.spawn(deallocate(self._inventory.client, claim))


def _is_reached(claim: ResourceClaim, node: NodeInfo) -> bool:
    allocated = claim.status.allocation
    return allocated is None or selects(allocated.node_selector, Place(node.name, node.labels))


def _suits(wanted: Wanted, device: Device) -> bool:
    view = device.view
    if view.allow_multiple_allocations or view.binding_conditions:
        return False  # neither sharing devices nor waiting for them is known here
    if not wanted.selectors:
        return True
    from wherry.scheduler.dynamic.selectors import SelectorError, holds  # the language comes with the first expression

    try:
        return all(holds(expression, device) for expression in wanted.selectors)
    except SelectorError as why:
        where = f"request {wanted.name}: selector on device {'/'.join(device.id)}"
        raise allocator.Failed(f"{where}: {why}") from why
