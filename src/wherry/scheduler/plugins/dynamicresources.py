"""A node has the devices that a Pod's claims ask for (upstream: DynamicResources).

Claims that have been allocated bind the Pod to the nodes from which their devices are reached; for the others a search
is made on each node that comes into question. The choice is held in memory until it is written, just before binding.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from wherry.api import Obj, errors
from wherry.api.core.claims import Named, claim_name
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod, PodStatus
from wherry.api.types.resource_v1 import ResourceClaim
from wherry.lib.goduration import parse_go_duration
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.dynamic import allocator
from wherry.scheduler.dynamic.allocator import Given
from wherry.scheduler.dynamic.binding import ClaimsHold, NewClaim, deallocate, delete_claim
from wherry.scheduler.dynamic.extended import ANNOTATION, Extended, claim_object, claim_view, extended
from wherry.scheduler.dynamic.inventory import devices_in, inventory
from wherry.scheduler.dynamic.pools import Device, Place, selects
from wherry.scheduler.dynamic.readiness import PATIENCE, Readiness
from wherry.scheduler.dynamic.requests import PRIORITIES, Demand, Unanswerable, Wanted, demand
from wherry.scheduler.dynamic.results import allocation
from wherry.scheduler.dynamic.sharing import share
from wherry.scheduler.dynamic.sources import CLAIM, CLASS, RULE, SLICE
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
    Unjudged,
    highest_first,
)

log = logging.getLogger(__name__)

_ELSEWHERE = Refusal(("resourceclaim not available on the node",), is_lasting=True)
MOST_HOLDERS = 256
"""Pods that may hold a claim at a time."""
_TOO_FEW = Refusal(("cannot allocate all claims",), is_lasting=True)
_LEFT_OVER = Refusal(("cannot schedule extended resource claim",), is_lasting=True)


def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile; `bindingTimeout` is how long devices may take to be ready."""
    given = args.get("bindingTimeout")
    seconds = PATIENCE if given is None else parse_go_duration(given)
    rule = _Rule(Readiness(handle.common(inventory), handle.clock, handle.note, seconds), handle)
    new = Action.ADD | Action.UPDATE
    return Plugin(
        "DynamicResources",
        filter=Filter(rule.prepare),
        score=Score(rule.prepare_score, normalize=highest_first),
        gate=rule.gate,
        nowhere=rule.nowhere,
        hints=(
            Hint(NODE, Action.ADD | Action.LABELS | Action.ALLOCATABLE),
            Hint(CLAIM, new | Action.DELETE, rule.claim_helps),
            Hint(PENDING_POD, Action.CLAIMS, rule.own_change_helps),
            Hint(CLASS, new),
            Hint(SLICE, new),
            Hint(RULE, Action.ALL),
        ),
    )


class _Unready(Exception):
    """The Pod's claims are not as they must be; says why."""


class _Rule:
    """The rule with what it knows of devices."""

    def __init__(self, readiness: Readiness, handle: Handle) -> None:
        self._readiness = readiness
        self._inventory = readiness.inventory
        self._handle = handle
        self._pods = handle.client.informer(PODS, Pod)
        self._found: tuple[str, dict[str, list[list[Given]]], list[ResourceClaim]] = ("", {}, [])
        """The Pod that was asked for last, what it would get by node, and claims that are not reached from some."""

    def gate(self, pod: PodInfo) -> Refusal | None:
        if not pod.resource_claims:
            return None
        try:
            self._claims(pod)
        except _Unready as why:
            return Refusal((str(why),), is_lasting=True)
        return None

    def prepare(self, pod: PodInfo, _: Cluster) -> Prepared | Refusal | None:
        by_class = self._by_class(pod)
        self._found = ("", {}, [])
        if not pod.resource_claims and not by_class:
            return None
        try:
            claims = self._claims(pod)
            demands = [self._demand(claim) for claim in claims if not _is_allocated(claim, pod)]
        except (_Unready, Unanswerable) as why:
            return Refusal((str(why),), is_lasting=True)
        if not claims and not by_class:
            return None
        if by_class and self._left_over(pod):
            self._found = (pod.uid, {}, [])
            return Prepared(lambda _: _LEFT_OVER)
        bound = [claim for claim in claims if claim.status.allocation is not None]
        return self._prepared(pod, claims, bound, demands, by_class)

    def _prepared(
        self,
        pod: PodInfo,
        claims: list[ResourceClaim],
        bound: Sequence[ResourceClaim],
        demands: Sequence[Demand],
        by_class: Sequence[str],
    ) -> Prepared:
        results: dict[str, list[list[Given]]] = {}
        unreached: list[ResourceClaim] = []
        self._found = (pod.uid, results, unreached)
        matched: dict[tuple[Wanted, Device], bool] = {}
        further: dict[tuple[str, ...], tuple[Extended, Demand] | None] = {}

        def more(node: NodeInfo) -> tuple[Extended, Demand] | None:
            """What the node does not have by itself."""
            lacks = tuple(name for name in by_class if not node.allocatable.get(name))
            if lacks not in further:
                further[lacks] = self._extended(pod, lacks) if lacks else None
            return further[lacks]

        def check(node: NodeInfo) -> Refusal | None:
            new = more(node)
            asked = demands if new is None else [*demands, new[1]]
            given: list[list[Given]] | None = []
            if asked:
                try:
                    given = self._search(asked, node, matched)
                except allocator.Failed as why:
                    return Refusal((str(why),), is_lasting=True)
                except allocator.Wrong as why:
                    raise Unjudged(f'running "DynamicResources" filter plugin: {why}') from why
            if given is None:
                return _TOO_FEW
            if away := [one for one in bound if not _is_reached(one, node) or self._readiness.is_hopeless(one)]:
                unreached.extend(claim for claim in away if claim not in unreached)
                return _ELSEWHERE
            if asked:
                results[node.name] = given
            return None

        def reserve(node: NodeInfo) -> Hold | Refusal | None:
            return self._hold(pod, claims, demands, more(node), results.get(node.name), node)

        return Prepared(check, reserve=reserve)

    def nowhere(self, pod: PodInfo) -> str:
        """Take back what a claim has that keeps the Pod from other nodes, unless another Pod holds it."""
        uid, _, unreached = self._found
        if uid != pod.uid:
            return "no new claims to deallocate"
        client, behind = self._inventory.client, self._inventory.behind
        for claim in unreached:
            if {holder.uid for holder in claim.status.reserved_for} <= {pod.uid}:
                behind(self._see_to(pod, deallocate(client, claim)))
                return "deallocation of ResourceClaim completed"
        left = self._left_over(pod)
        for claim in left:
            behind(self._see_to(pod, delete_claim(client, claim)))
        return "deletion of ResourceClaim completed" if left else "still not schedulable"

    async def _see_to(self, pod: PodInfo, work: Awaitable[None]) -> None:
        """Nothing in the cluster changes for a Pod when this fails, so that it is tried again anyway."""
        try:
            await work
        except (errors.ApiError, ConnectionError) as error:
            log.info("helping %s failed: %s", pod.key, error)
            self._handle.retry(pod.uid)

    def prepare_score(self, pod: PodInfo, _: Cluster, __: Sequence[NodeInfo]) -> Rate | None:
        uid, results, _unreached = self._found
        if uid != pod.uid or not results:
            return None

        def rate(node: NodeInfo) -> int:
            chosen = {(number, one.wanted) for number, given in enumerate(results.get(node.name, ())) for one in given}
            return sum(PRIORITIES - wanted.rank for _, wanted in chosen if wanted.alternative)

        return rate

    def claim_helps(self, pod: PodInfo, old: ResourceClaim | None, new: ResourceClaim | None) -> bool:
        """Whether the Pod waits for this claim, or devices became free."""
        if new is None:
            return old is not None and old.status.allocation is not None
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
                matched[key] = _suits(wanted, device, demands)
            return matched[key]

        return allocator.allocate(
            demands, self._inventory.pools(node), self._inventory.is_taken, matches, self._inventory.shared
        )

    def _hold(
        self,
        pod: PodInfo,
        claims: list[ResourceClaim],
        demands: Sequence[Demand],
        further: tuple[Extended, Demand] | None,
        given: list[list[Given]] | None,
        node: NodeInfo,
    ) -> Hold | Refusal | None:
        if not claims and further is None:
            return None
        if given is None and (demands or further is not None):
            return Refusal(("claim allocation not found for node",))
        allocations: dict[str, Obj] = {}
        for one, devices in zip(demands, given or (), strict=False):
            made = allocation(one.claim, devices, node.name, self._handle.random)
            allocations[one.claim.metadata.uid] = made
            self._inventory.promise(one.claim.metadata.uid, devices_in(made))
        new = self._new_claim(pod, *further, given[-1], node) if further is not None and given else None

        async def wait(written: Sequence[ResourceClaim]) -> None:
            await self._readiness.wait(pod, node.name, written)

        return ClaimsHold(self._inventory, self._handle.clock, pod, claims, allocations, wait, new)

    def _new_claim(
        self, pod: PodInfo, asked: Extended, one: Demand, devices: Sequence[Given], node: NodeInfo
    ) -> NewClaim | None:
        view = self._pods.get(pod.key)
        if view is None:
            return None
        uid, made = one.claim.metadata.uid, allocation(one.claim, devices, node.name, self._handle.random)
        self._inventory.promise(uid, devices_in(made))
        return NewClaim(uid, claim_object(view, asked), asked.mappings, made)

    def _by_class(self, pod: PodInfo) -> list[str]:
        """The resources that the Pod asks for and for which classes stand."""
        classes = self._inventory.by_resource
        return [name for name, amount in pod.ask.requests.items() if amount and name in classes] if classes else []

    def _extended(self, pod: PodInfo, names: Sequence[str]) -> tuple[Extended, Demand] | None:
        view = self._pods.get(pod.key)
        if view is None:
            return None
        classes = {name: self._inventory.by_resource[name] for name in names}
        asked = extended(view, {name: one.metadata.name for name, one in classes.items()})
        by_name = {one.metadata.name: one for one in classes.values()}
        return asked, demand(claim_view(view, asked), by_name.get)

    def _left_over(self, pod: PodInfo) -> list[ResourceClaim]:
        """Claims for extended resources that an attempt that failed has left."""
        return [one for one in self._inventory.claims_of(pod.uid) if one.metadata.annotations.get(ANNOTATION) == "true"]


def _is_allocated(claim: ResourceClaim, pod: PodInfo) -> bool:
    """Raises _Unready if the claim has as many Pods as it may have, and this one is not among them."""
    holders = claim.status.reserved_for
    if claim.status.allocation is None:
        return False
    if len(holders) >= MOST_HOLDERS and all(holder.uid != pod.uid for holder in holders):
        raise _Unready("resourceclaim in use")
    return True


def _is_reached(claim: ResourceClaim, node: NodeInfo) -> bool:
    allocated = claim.status.allocation
    return allocated is None or selects(allocated.node_selector, Place(node.name, node.labels))


def _suits(wanted: Wanted, device: Device, demands: Sequence[Demand]) -> bool:
    if wanted.capacity and share(wanted.capacity, device.view.capacity) is None:
        return False
    if not wanted.selectors:
        return True
    from wherry.scheduler.dynamic.selectors import SelectorError, holds  # the language comes with the first expression

    for number, expression in enumerate(wanted.selectors):
        try:
            if not holds(expression, device):
                return False
        except SelectorError as why:
            raise allocator.Wrong(f"{_origin(wanted, number, demands)}: {why}") from why
    return True


def _origin(wanted: Wanted, number: int, demands: Sequence[Demand]) -> str:
    """Where the expression of this number comes from: those of the class come first, then those of the claim."""
    before = len(wanted.device_class.spec.selectors)
    if number < before:
        return f"class {wanted.device_class.metadata.name}: selector #{number}"
    claim = next(one.claim for one in demands for requests in one.requests if wanted in requests)
    return f"claim {claim.metadata.namespace}/{claim.metadata.name}: selector #{number - before}"
