"""All devices of the cluster, who has them, and what is promised but not yet written.

Follows ResourceSlices, DeviceTaintRules and ResourceClaims. A promise holds until the claim itself shows what it was
given, or until it is withdrawn; so two decisions never give the same device away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct

from wherry.api import Obj
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.dra.tolerating import means
from wherry.api.features import DEFAULTS, Features, Gate
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.resource_v1 import Device as DeviceView
from wherry.api.types.resource_v1 import (
    DeviceClass,
    DeviceTaint,
    DeviceTaintRule,
    ResourceClaim,
    ResourceSlice,
)
from wherry.client import Client, Key
from wherry.lib.clock import Clock
from wherry.scheduler.awaiting import Awaiting
from wherry.scheduler.dynamic.extended import classes_by_resource
from wherry.scheduler.dynamic.pools import DeviceId, Place, Pool, PoolId, pools_for
from wherry.scheduler.model import NodeInfo
from wherry.scheduler.rules import Handle

K = TypeVar("K")
V = TypeVar("V")

_BY_OWNER = "owner of a claim"


class Part(Struct, frozen=True):
    """What of a device a claim keeps from others: all of it, or amounts under the name of the share."""

    device: DeviceId
    share: str = ""
    amounts: Mapping[str, str] = {}


class Inventory:
    """One for all profiles of a scheduler."""

    def __init__(
        self,
        client: Client,
        behind: Callable[[Coroutine[Any, Any, None]], object],
        clock: Clock,
        features: Features = DEFAULTS,
    ) -> None:
        self.client = client
        self.awaiting = Awaiting(clock)
        """Those who wait for devices of a claim to be ready."""
        self.behind = behind
        """Starts what is to be written behind."""
        self.version = 0
        """Another number whenever anything is offered that was not, or no more."""
        self._by_pool: dict[PoolId, dict[str, ResourceSlice]] = {}
        self._by_node: dict[str, dict[str, ResourceSlice]] = {}
        """By the node that a slice names; "" for those that name none."""
        self._has_taints = features.has(Gate.DRA_DEVICE_TAINTS)
        self._rules: dict[str, DeviceTaintRule] = {}
        self._taken: Counter[DeviceId] = Counter()
        self._shares: dict[DeviceId, dict[str, Mapping[str, str]]] = {}
        """What claims have of devices of which others may have the rest, by the name of the share."""
        self._holders: dict[str, tuple[Part, ...]] = {}
        """What claims have by their own word, by UID."""
        self._promised: dict[str, tuple[Part, ...]] = {}
        self._pools: dict[str, tuple[int, object, list[Pool]]] = {}
        self._classes = client.informer(DEVICECLASSES, DeviceClass)
        self.by_resource: dict[str, DeviceClass] = {}
        """The classes that stand for extended resources."""
        self._class_names: dict[str, DeviceClass] = {}
        self._claims = client.informer(RESOURCECLAIMS, ResourceClaim)
        client.informer(RESOURCESLICES, ResourceSlice).add_handler(self._on_slice)
        if features.has(Gate.DRA_DEVICE_TAINT_RULES):
            client.informer(DEVICETAINTRULES, DeviceTaintRule).add_handler(self._on_rule)
        self._classes.add_handler(self._on_class)
        self._claims.add_index(_BY_OWNER, _owner)
        self._claims.add_handler(self._on_claim)

    def claim(self, namespace: str, name: str) -> ResourceClaim | None:
        return self._claims.get(Key(namespace, name))

    def claims_of(self, uid: str) -> Iterable[ResourceClaim]:
        """The claims that were made for a Pod."""
        return self._claims.by_index(_BY_OWNER, uid)

    def device_class(self, name: str) -> DeviceClass | None:
        return self._classes.get(Key("", name))

    def pools(self, node: NodeInfo) -> list[Pool]:
        """What is offered on a node, whether taken or not."""
        known = self._pools.get(node.name)
        if known is not None and known[0] == self.version and known[1] is node.labels:
            return known[2]
        near = [*self._by_node.get(node.name, {}).values(), *self._by_node.get("", {}).values()]
        found = pools_for(Place(node.name, node.labels), near, self._all_of, self._taints) if near else []
        self._pools[node.name] = (self.version, node.labels, found)
        return found

    def is_taken(self, device: DeviceId) -> bool:
        return device in self._taken

    def shared(self, device: DeviceId) -> Mapping[str, Decimal] | None:
        """What claims have of a device of which others may have the rest; None if nobody has a share of it."""
        shares = self._shares.get(device)
        if not shares:
            return None
        total: dict[str, Decimal] = {}
        for one in shares.values():
            for name, amount in one.items():
                total[name] = total.get(name, Decimal(0)) + parse_quantity(amount)
        return total

    def is_promised(self, uid: str) -> bool:
        """Whether a claim's allocation has been decided and is not written yet."""
        return uid in self._promised

    def promise(self, uid: str, parts: Iterable[Part]) -> None:
        self._promised[uid] = taken = tuple(parts)
        self._take(taken)

    def withdraw(self, uid: str) -> None:
        """Give back what was promised to a claim, if its own word is not heard yet."""
        self._release(self._promised.pop(uid, ()))

    def _take(self, parts: Sequence[Part]) -> None:
        for one in parts:
            if one.share:
                _put(self._shares, one.device, one.share, one.amounts)
            else:
                self._taken[one.device] += 1

    def _release(self, parts: Sequence[Part]) -> None:
        for one in parts:
            if one.share:
                _put(self._shares, one.device, one.share, None)
                continue
            self._taken[one.device] -= 1
            if not self._taken[one.device]:
                del self._taken[one.device]

    def _all_of(self, pool: PoolId) -> Sequence[ResourceSlice]:
        return list(self._by_pool.get(pool, {}).values())

    def _taints(self, device: DeviceId, view: DeviceView) -> tuple[DeviceTaint, ...]:
        if not self._has_taints:
            return ()
        by_rules = tuple(rule.spec.taint for rule in self._rules.values() if means(rule.spec.device_selector, device))
        return (*view.taints, *by_rules)

    def _on_slice(self, old: ResourceSlice | None, new: ResourceSlice | None) -> None:
        self.version += 1
        self._pools.clear()
        for view in (old, new):
            if view is None:
                continue
            kept = view if view is new else None
            _put(self._by_pool, (view.spec.driver, view.spec.pool.name), view.metadata.name, kept)
            _put(self._by_node, view.spec.node_name or "", view.metadata.name, kept)

    def _on_rule(self, old: DeviceTaintRule | None, new: DeviceTaintRule | None) -> None:
        self.version += 1
        if new is not None:
            self._rules[new.metadata.name] = new
        elif old is not None:
            self._rules.pop(old.metadata.name, None)

    def _on_class(self, old: DeviceClass | None, new: DeviceClass | None) -> None:
        if new is not None:
            self._class_names[new.metadata.name] = new
        elif old is not None:
            self._class_names.pop(old.metadata.name, None)
        self.by_resource = classes_by_resource(self._class_names.values())

    def _on_claim(self, old: ResourceClaim | None, new: ResourceClaim | None) -> None:
        claim = new if new is not None else old
        assert claim is not None
        uid = claim.metadata.uid
        held = _devices(new) if new is not None else ()
        before = self._holders.get(uid, ())
        if held:
            self.withdraw(uid)
            self._holders[uid] = held
        else:
            self._holders.pop(uid, None)
        self._release(before)
        self._take(held)
        self.awaiting.ask()


def _put(tables: dict[K, dict[str, V]], place: K, name: str, value: V | None) -> None:
    """Keep a value, or with None nothing, under a name at a place; of places without names nothing is kept."""
    table = tables.get(place, {})
    if value is not None:
        table[name] = value
        tables[place] = table
    elif table.pop(name, None) is not None and not table:
        del tables[place]


def inventory(handle: Handle) -> Inventory:
    """The one that plugins of all profiles share, by `Handle.common`."""
    return Inventory(handle.client, handle.behind, handle.clock, handle.features)


def _owner(claim: ResourceClaim) -> Iterable[str]:
    return [one.uid for one in claim.metadata.owner_references if one.controller]


def _devices(claim: ResourceClaim) -> tuple[Part, ...]:
    """What a claim keeps from others."""
    allocation = claim.status.allocation
    results = allocation.devices.results if allocation is not None and allocation.devices is not None else ()
    return tuple(
        Part((one.driver, one.pool, one.device), one.share_id or "", one.consumed_capacity)
        for one in results
        if not one.admin_access
    )


def devices_in(allocation: Obj) -> list[Part]:
    """The same of an allocation that is not written yet."""
    return [
        Part((one["driver"], one["pool"], one["device"]), one.get("shareID", ""), one.get("consumedCapacity", {}))
        for one in allocation["devices"]["results"]
        if not one.get("adminAccess")
    ]
