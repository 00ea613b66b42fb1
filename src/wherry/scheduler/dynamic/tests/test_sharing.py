"""Several claims have one device, as long as there is enough of what they take of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.resource_v1 import DeviceCapacity, DeviceClass, ResourceClaim, ResourceSlice
from wherry.scheduler.dynamic.allocator import allocate
from wherry.scheduler.dynamic.pools import DeviceId, Place, pools_for
from wherry.scheduler.dynamic.requests import demand
from wherry.scheduler.dynamic.sharing import share
from wherry.scheduler.tests.scene import Scene, scene

DRIVER = "nic.example.com"


def capacity(value: str, **policy: Any) -> Obj:
    return {"value": value, "requestPolicy": policy} if policy else {"value": value}


FREE = {"bandwidth": capacity("10G")}
STEPS = {"bandwidth": capacity("10Gi", default="1Gi", validRange={"min": "1Gi", "max": "8Gi", "step": "2Gi"})}
SIZES = {"bandwidth": capacity("10Gi", default="3Gi", validValues=["1Gi", "2Gi", "4Gi"])}

SHARES: dict[str, tuple[Mapping[str, str], Mapping[str, Obj], dict[str, str] | None]] = {
    "as asked": ({"bandwidth": "1G"}, FREE, {"bandwidth": "1G"}),
    "all, where nothing is asked": ({}, FREE, {"bandwidth": "10G"}),
    "all, where something else is asked": (
        {"bandwidth": "1G"},
        {**FREE, "queues": capacity("4")},
        {"bandwidth": "1G", "queues": "4"},
    ),
    "more than there is": ({"bandwidth": "11G"}, FREE, None),
    "what there is not": ({"memory": "1G"}, FREE, None),
    "nothing is asked of nothing": ({}, {}, {}),
    "by default": ({}, STEPS, {"bandwidth": "1Gi"}),
    "no less than the least": ({"bandwidth": "1Mi"}, STEPS, {"bandwidth": "1Gi"}),
    "on a step": ({"bandwidth": "3Gi"}, STEPS, {"bandwidth": "3Gi"}),
    "to the next step": ({"bandwidth": "4Gi"}, STEPS, {"bandwidth": "5Gi"}),
    "the next step is too much": ({"bandwidth": "7500Mi"}, STEPS, None),
    "without steps": (
        {"bandwidth": "2500M"},
        {"bandwidth": capacity("10G", default="1G", validRange={"min": "1G", "max": "4G"})},
        {"bandwidth": "2500M"},
    ),
    "one of the sizes": ({"bandwidth": "2Gi"}, SIZES, {"bandwidth": "2Gi"}),
    "the next size": ({"bandwidth": "2100Mi"}, SIZES, {"bandwidth": "4Gi"}),
    "no size is large enough": ({"bandwidth": "5Gi"}, SIZES, None),
}


@pytest.mark.parametrize(("asked", "offered", "expected"), SHARES.values(), ids=SHARES)
def test_shares(asked: Mapping[str, str], offered: Mapping[str, Obj], expected: dict[str, str] | None) -> None:
    assert share(asked, msgspec.convert(offered, dict[str, DeviceCapacity])) == expected


def device(name: str, value: str = "10G", **more: Any) -> Obj:
    return {"name": name, "allowMultipleAllocations": True, "capacity": {"bandwidth": capacity(value)}, **more}


def wants(bandwidth: str = "", name: str = "r", **more: Any) -> Obj:
    asked = {"capacity": {"requests": {"bandwidth": bandwidth}}} if bandwidth else {}
    return {"name": name, "exactly": {"deviceClassName": "nic", **asked, **more}}


def attributes(value: str) -> Obj:
    return {"attributes": {f"{DRIVER}/id": {"string": value}}}


CLASS = msgspec.convert({"metadata": {"name": "nic"}, "spec": {}}, DeviceClass)
COUNTED: Obj = {"consumesCounters": [{"counterSet": "set", "counters": {"lanes": {"value": "2"}}}]}
DISTINCT = [{"distinctAttribute": f"{DRIVER}/id"}]
Used = dict[str, str]

CASES: dict[str, tuple[list[list[Obj]], list[Obj], Used, list[list[str]] | None]] = {
    "two claims": ([[wants("4G")], [wants("6G")]], [device("a")], {}, [["a"], ["a"]]),
    "a third finds another": ([[wants("4G")]] * 3, [device("a"), device("b")], {}, [["a"], ["a"], ["b"]]),
    "too much": ([[wants("4G")], [wants("7G")]], [device("a")], {}, None),
    "two requests of a claim": ([[wants("4G", "x"), wants("6G", "y")]], [device("a")], {}, [["a", "a"]]),
    "twice for one request": ([[wants("5G", count=2)]], [device("a")], {}, [["a", "a"]]),
    "others have some": ([[wants("4G")]], [device("a"), device("b")], {"a": "7G"}, [["b"]]),
    "the rest": ([[wants("3G")]], [device("a"), device("b")], {"a": "7G"}, [["a"]]),
    "all of it": ([[wants()], [wants("1G")]], [device("a"), device("b")], {}, [["a"], ["b"]]),
    "back over what was shared": (
        [[wants("4G")], [wants("8G")]],
        [device("a", "8G"), device("b", "4G")],
        {},
        [["b"], ["a"]],
    ),
    "not shared": ([[wants("1G")], [wants("1G")]], [device("a", allowMultipleAllocations=False)], {}, None),
    "all devices, once each": (
        [[wants("5G", allocationMode="All")], [wants("5G")]],
        [device("a"), device("b")],
        {},
        [["a", "b"], ["a"]],
    ),
    "an administrator takes nothing": (
        [[wants("10G")], [wants(adminAccess=True)], [wants("1G")]],
        [device("a")],
        {},
        None,
    ),
    "beside an administrator": ([[wants("10G")], [wants(adminAccess=True)]], [device("a")], {}, [["a"], ["a"]]),
    "counters are used once": ([[wants("4G")], [wants("4G")]], [device("a", **COUNTED)], {}, [["a"], ["a"]]),
    "counters are used by what others have": (
        [[wants("4G")], [wants("4G")]],
        [device("a", **COUNTED), device("b", **COUNTED)],
        {"a": "1G"},
        [["a"], ["a"]],
    ),
    "counters allow one of two": (
        [[wants("6G")], [wants("6G")]],
        [device("a", **COUNTED), device("b", **COUNTED)],
        {},
        None,
    ),
}


def found(claims: list[list[Obj]], devices: list[Obj], used: Used) -> list[list[str]] | None:
    """The devices of each claim."""
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 2}
    counters = [{"name": "set", "counters": {"lanes": {"value": "2"}}}]
    slices = [
        msgspec.convert({"metadata": {"name": name}, "spec": {"driver": DRIVER, "pool": pool, **spec}}, ResourceSlice)
        for name, spec in (
            ("s1", {"allNodes": True, "devices": devices}),
            ("s2", {"allNodes": True, "sharedCounters": counters}),
        )
    ]
    results = allocate(
        [demand(claim(number, requests), lambda _: CLASS) for number, requests in enumerate(claims)],
        pools_for(Place("n1", {}), slices, lambda _: slices, lambda *_: ()),
        lambda _: False,
        lambda *_: True,
        lambda one: shares_of(one, used),
    )
    return None if results is None else [[one.device.id[2] for one in mine] for mine in results]


@pytest.mark.parametrize(("claims", "devices", "used", "expected"), CASES.values(), ids=CASES)
def test_allocates(claims: list[list[Obj]], devices: list[Obj], used: Used, expected: list[list[str]] | None) -> None:
    assert found(claims, devices, used) == expected


@given(
    asked=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    used=st.integers(0, 3),
)
def test_nobody_has_more_than_there_is_and_nothing_that_can_be_shared_is_refused(
    asked: list[int], sizes: list[int], used: int
) -> None:
    names = [f"d{number}" for number in range(len(sizes))]
    left = [max(0, size - used) if name == "d0" else size for name, size in zip(names, sizes, strict=True)]
    devices = [device(name, f"{size}G") for name, size in zip(names, sizes, strict=True)]
    answer = found([[wants(f"{one}G")] for one in asked], devices, {"d0": f"{used}G"} if used else {})

    def fits(places: Sequence[str]) -> bool:
        return all(
            sum(one for one, place in zip(asked, places, strict=True) if place == name) <= room
            for name, room in zip(names, left, strict=True)
        )

    if answer is None:
        assert not any(fits(places) for places in product(names, repeat=len(asked)))
    else:
        assert fits([name for (name,) in answer])


def claim(number: int, requests: list[Obj]) -> ResourceClaim:
    body = {"metadata": {"name": f"c{number}"}, "spec": {"devices": {"requests": requests}}}
    return msgspec.convert(body, ResourceClaim)


def shares_of(device: DeviceId, used: Used) -> Mapping[str, Decimal] | None:
    amount = used.get(device[2])
    return {"bandwidth": parse_quantity(amount)} if amount is not None else None


def test_a_claim_may_ask_for_different_devices() -> None:
    body = {"devices": {"requests": [wants("1G", count=2)], "constraints": DISTINCT}}
    asked = msgspec.convert({"metadata": {"name": "c"}, "spec": body}, ResourceClaim)
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    offered = [device("a", **attributes("a")), device("b", **attributes("b"))]
    spec = {"driver": DRIVER, "pool": pool, "allNodes": True, "devices": offered}
    slices = [msgspec.convert({"metadata": {"name": "s"}, "spec": spec}, ResourceSlice)]
    pools = pools_for(Place("n1", {}), slices, lambda _: slices, lambda *_: ())
    results = allocate([demand(asked, lambda _: CLASS)], pools, lambda _: False, lambda *_: True)
    assert results is not None
    assert [one.device.id[2] for one in results[0]] == ["a", "b"]


def of(kind: str, name: str, spec: Any) -> Obj:
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


async def ask(at: Scene, name: str, bandwidth: str) -> Obj:
    """A Pod with a claim of the same name; what the claim has."""
    spec = {"devices": {"requests": [wants(bandwidth)]}}
    await at.client.create(RESOURCECLAIMS, of("ResourceClaim", name, spec), "default")
    await at.pod(name, resourceClaims=[{"name": "nic", "resourceClaimName": name}])
    status = (await at.client.get(RESOURCECLAIMS, name, "default")).get("status") or {}
    results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or [{}]
    result: Obj = results[0]
    return result


async def test_pods_share_a_device_until_there_is_too_little_left() -> None:
    async with scene() as at:
        await at.node("n1")
        await at.client.create(DEVICECLASSES, of("DeviceClass", "nic", {}))
        pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
        offered = {"driver": DRIVER, "pool": pool, "nodeName": "n1", "devices": [device("a")]}
        await at.client.create(RESOURCESLICES, of("ResourceSlice", "s", offered))
        await at.settle()
        first, second = await ask(at, "first", "4G"), await ask(at, "second", "5G")
        assert [one["consumedCapacity"] for one in (first, second)] == [{"bandwidth": "4G"}, {"bandwidth": "5G"}]
        assert first["shareID"] != second["shareID"]
        assert await ask(at, "third", "2G") == {}
        assert "1 cannot allocate all claims" in await at.why("third")
        given_up = await at.client.get(RESOURCECLAIMS, "first", "default")
        given_up["status"] = {}
        await at.client.update(RESOURCECLAIMS, given_up, subresource="status")
        await at.pass_time(5)
        assert await at.homes() == {"first": "n1", "second": "n1", "third": "n1"}
