"""What drivers offer on a node.

A pool is published in slices; while some of them are missing or of an older generation, nothing is taken from it.
Pools are tried by name, and in them slices by name, so that drivers can say what is to be taken first; but those with
devices for which a Pod would have to wait come last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from wherry.api.core.placement import matches_term
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import NodeSelector
from wherry.api.types.resource_v1 import Device as DeviceView
from wherry.api.types.resource_v1 import DeviceTaint, ResourceSlice

DeviceId = tuple[str, str, str]
"""(driver, pool, name)"""
PoolId = tuple[str, str]
Counters = dict[str, dict[str, Decimal]]
"""What is left of each counter of each counter set."""


class Device(Struct, frozen=True, eq=False):
    """One device as it was published."""

    id: DeviceId
    view: DeviceView
    slice: ResourceSlice
    taints: tuple[DeviceTaint, ...]


class Pool(Struct, frozen=True, eq=False):
    """The devices of a pool that are for one node."""

    id: PoolId
    devices: tuple[Device, ...] = ()
    elsewhere: tuple[Device, ...] = ()
    """Those for other nodes, which use the same counters."""
    counters: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    is_incomplete: bool = False
    is_invalid: bool = False


class Place(Struct, frozen=True):
    """What of a node slices may select by."""

    name: str
    labels: Mapping[str, str]


Taints = Callable[[DeviceId, DeviceView], tuple[DeviceTaint, ...]]


def pools_for(
    place: Place, near: Iterable[ResourceSlice], all_of: Callable[[PoolId], Sequence[ResourceSlice]], taints: Taints
) -> list[Pool]:
    """The pools that have something for a node; `near` are slices that may, `all_of` gives all slices of a pool."""
    newest: dict[PoolId, list[ResourceSlice]] = {}
    for one in near:
        if not _is_for(one, place):
            continue
        pool = (one.spec.driver, one.spec.pool.name)
        known = newest.get(pool)
        if known is None or one.spec.pool.generation > known[0].spec.pool.generation:
            newest[pool] = [one]
        elif one.spec.pool.generation == known[0].spec.pool.generation:
            known.append(one)
    found = []
    for pool, mine in sorted(newest.items(), key=lambda item: item[0]):
        built = _pool(place, pool, mine, all_of(pool), taints)
        if built is not None:
            found.append(built)
    return sorted(found, key=lambda pool: any(device.view.binding_conditions for device in pool.devices))


def selects(selector: NodeSelector | None, place: Place) -> bool:
    """Whether a node selector allows a node; an absent one allows every node."""
    return selector is None or any(
        matches_term(term, place.labels, place.name) for term in selector.node_selector_terms
    )


def _pool(
    place: Place, id: PoolId, mine: Sequence[ResourceSlice], everything: Sequence[ResourceSlice], taints: Taints
) -> Pool | None:
    generation = mine[0].spec.pool.generation
    if any(one.spec.pool.generation > generation for one in everything):
        return None  # being replaced by one that has nothing for this node
    whole = [one for one in everything if one.spec.pool.generation == generation]
    if len(whole) != mine[0].spec.pool.resource_slice_count:
        return Pool(id, is_incomplete=True)
    counters: dict[str, dict[str, Decimal]] = {}
    here: list[Device] = []
    elsewhere: list[Device] = []
    names = {one.metadata.name for one in mine}
    for one in sorted(whole, key=lambda one: one.metadata.name):
        for shared in one.spec.shared_counters:
            if shared.name in counters:
                return Pool(id, is_invalid=True)
            counters[shared.name] = {name: parse_quantity(c.value) for name, c in shared.counters.items()}
        for view in one.spec.devices:
            device_id = (*id, view.name)
            device = Device(device_id, view, one, taints(device_id, view))
            is_here = one.metadata.name in names and _device_is_for(view, one, place)
            (here if is_here else elsewhere).append(device)
    if len({device.id for device in here}) < len(here) or not _counters_exist((*here, *elsewhere), counters):
        return Pool(id, is_invalid=True)
    return Pool(id, tuple(here), tuple(elsewhere), counters)


def _counters_exist(devices: Iterable[Device], counters: Mapping[str, Mapping[str, Decimal]]) -> bool:
    return all(
        name in counters.get(used.counter_set, {})
        for device in devices
        for used in device.view.consumes_counters
        for name in used.counters
    )


def _is_for(one: ResourceSlice, place: Place) -> bool:
    spec = one.spec
    if spec.node_name:
        return spec.node_name == place.name
    if spec.all_nodes:
        return True
    if spec.node_selector is not None:
        return selects(spec.node_selector, place)
    return bool(spec.per_device_node_selection) and any(_device_is_for(view, one, place) for view in spec.devices)


def _device_is_for(view: DeviceView, one: ResourceSlice, place: Place) -> bool:
    if not one.spec.per_device_node_selection:
        return True
    if view.node_name:
        return view.node_name == place.name
    return bool(view.all_nodes) or (view.node_selector is not None and selects(view.node_selector, place))
