"""What is found, in which order, and where the search turns back: upstream's cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.types.resource_v1 import DeviceClass, DeviceTaint, ResourceClaim, ResourceSlice
from wherry.scheduler.dynamic.allocator import Failed, Given, Wrong, allocate
from wherry.scheduler.dynamic.pools import DeviceId, Place, Pool, PoolId, pools_for
from wherry.scheduler.dynamic.requests import Demand, Unanswerable, demand
from wherry.scheduler.dynamic.selectors import holds

A, B = "driver-a", "driver-b"
NODE = Place("node-1", {"region": "west"})
Json = dict[str, Any]


def device(name: str, memory: int = 0, **more: Any) -> Json:
    """Attributes are given as plain values."""
    kinds = {str: "string", bool: "bool", int: "int"}
    attributes = {key: {kinds[type(value)]: value} for key, value in more.pop("attributes", {}).items()}
    capacity = {"memory": {"value": f"{memory}Gi"}} if memory else {}
    return {"name": name, "attributes": attributes, "capacity": capacity, **more}


def slice_of(*devices: Json, pool: str = "pool-1", driver: str = A, **more: Any) -> ResourceSlice:
    number, count = more.pop("number", 1), more.pop("count", 1)
    where = {} if {"allNodes", "nodeSelector", "perDeviceNodeSelection"} & set(more) else {"nodeName": "node-1"}
    spec = {
        "driver": driver,
        "pool": {"name": pool, "generation": more.pop("generation", 1), "resourceSliceCount": count},
        "devices": devices,
        **where,
        **more,
    }
    name = f"slice-{driver}-{pool}-{number}-{spec['pool']['generation']}"
    return msgspec.convert({"metadata": {"name": name}, "spec": spec}, ResourceSlice)


def exactly(name: str = "req-0", of: str = "a", **more: Any) -> Json:
    return {"name": name, "exactly": {"deviceClassName": of, **more}}


def first(name: str, *alternatives: Json) -> Json:
    return {"name": name, "firstAvailable": list(alternatives)}


def sub(name: str, of: str = "a", **more: Any) -> Json:
    return {"name": name, "deviceClassName": of, **more}


def at_least(memory: int, driver: str = A) -> Json:
    expression = f'device.capacity["{driver}"].memory.compareTo(quantity("{memory}Gi")) >= 0'
    return {"selectors": [{"cel": {"expression": expression}}]}


def claim(*requests: Json, **more: Any) -> Json:
    return {"requests": list(requests), **more}


def same(attribute: str, *requests: str) -> list[Json]:
    return [{"matchAttribute": f"{A}/{attribute}", "requests": list(requests)}]


@dataclass(frozen=True)
class Case:
    claims: Sequence[Json]
    slices: Sequence[ResourceSlice]
    expected: list[list[str]] | str | None
    """`request=device` of each claim, None, or why the node cannot be judged."""
    taken: frozenset[str] = field(default_factory=frozenset)


def find_class(name: str) -> DeviceClass | None:
    drivers = {"a": A, "b": B}
    if name not in drivers:
        return None
    spec = {"selectors": [{"cel": {"expression": f'device.driver == "{drivers[name]}"'}}]}
    return msgspec.convert({"metadata": {"name": name}, "spec": spec}, DeviceClass)


def pools(slices: Sequence[ResourceSlice], place: Place = NODE) -> list[Pool]:
    def all_of(pool: PoolId) -> list[ResourceSlice]:
        return [one for one in slices if (one.spec.driver, one.spec.pool.name) == pool]

    def taints(_: DeviceId, view: Any) -> tuple[DeviceTaint, ...]:
        found: tuple[DeviceTaint, ...] = view.taints
        return found

    return pools_for(place, slices, all_of, taints)


def demands(claims: Sequence[Json]) -> list[Demand]:
    views = [
        msgspec.convert(
            {"metadata": {"name": f"claim-{number}", "namespace": "ns"}, "spec": {"devices": one}}, ResourceClaim
        )
        for number, one in enumerate(claims)
    ]
    return [demand(one, find_class) for one in views]


def answer(case: Case) -> list[list[str]] | str | None:
    try:
        found = allocate(
            demands(case.claims),
            pools(case.slices),
            lambda device: device[2] in case.taken,
            lambda wanted, one: all(holds(text, one) for text in wanted.selectors),
        )
    except (Failed, Wrong, Unanswerable) as why:
        return str(why)
    if found is None:
        return None
    return [[f"{one.wanted.name}={one.device.id[2]}" for one in given] for given in found]


SMALL_LARGE = (exactly("small", **at_least(1)), exactly("large", **at_least(2)))
TAINT = {"key": "broken", "effect": "NoSchedule"}
MODELS = [
    device(name, attributes={"model": model, "index": index})
    for name, model, index in (("d1", "x", 1), ("d2", "y", 2), ("d3", "y", 3))
]
COUNTERS = [{"name": "set", "counters": {"memory": {"value": "18Gi"}}}]


def uses(amount: int) -> Json:
    return {"consumesCounters": [{"counterSet": "set", "counters": {"memory": {"value": f"{amount}Gi"}}}]}


PARTITIONS = (
    slice_of(device("d1", **uses(4)), device("d2", **uses(6)), device("d3", **uses(12)), count=2),
    slice_of(number=2, count=2, sharedCounters=COUNTERS),
)
MANY = [device(f"d{number:02}") for number in range(40)]

CASES: dict[str, Case] = {
    "nothing is asked": Case([], [], []),
    "simple": Case([claim(exactly())], [slice_of(device("d1"))], [["req-0=d1"]]),
    "another driver": Case([claim(exactly())], [slice_of(device("d1"), driver=B)], None),
    "no slices": Case([claim(exactly())], [], None),
    "unknown class": Case([claim(exactly(of="c"))], [], "request req-0: device class c does not exist"),
    "small and large": Case(
        [claim(*SMALL_LARGE)], [slice_of(device("d1", 1), device("d2", 2))], [["small=d1", "large=d2"]]
    ),
    "back over a request": Case(
        [claim(*SMALL_LARGE)], [slice_of(device("d2", 2), device("d1", 1))], [["small=d1", "large=d2"]]
    ),
    "back over a claim": Case(
        [claim(SMALL_LARGE[0]), claim(SMALL_LARGE[1])],
        [slice_of(device("d2", 2), device("d1", 1))],
        [["small=d1"], ["large=d2"]],
    ),
    "over slices": Case(
        [claim(exactly(count=2))],
        [slice_of(device("d2"), number=2, count=2), slice_of(device("d1"), count=2)],
        [["req-0=d1", "req-0=d2"]],
    ),
    "an older slice": Case(
        [claim(exactly(count=2))], [slice_of(device("d0")), slice_of(device("d1"), generation=2)], None
    ),
    "a slice is missing": Case([claim(exactly())], [slice_of(device("d1"), count=2)], None),
    "another pool has it": Case(
        [claim(exactly())],
        [slice_of(device("d1"), count=2), slice_of(device("d2"), pool="pool-2")],
        [["req-0=d2"]],
    ),
    "a name twice": Case(
        [claim(exactly())], [slice_of(device("d1"), device("d1"))], "invalid resource pools were encountered"
    ),
    "a name twice, and another pool": Case(
        [claim(exactly())],
        [slice_of(device("d1"), device("d1")), slice_of(device("d2"), pool="pool-2")],
        [["req-0=d2"]],
    ),
    "taken": Case([claim(exactly())], [slice_of(device("d1"), device("d2"))], [["req-0=d2"]], frozenset({"d1"})),
    "all": Case(
        [claim(exactly(allocationMode="All"))],
        [slice_of(device("d1"), device("d2"))],
        [["req-0=d1", "req-0=d2"]],
    ),
    "all of none": Case([claim(exactly(allocationMode="All"))], [slice_of(device("d1"), driver=B)], None),
    "all, one taken": Case(
        [claim(exactly(allocationMode="All"))], [slice_of(device("d1"), device("d2"))], None, frozenset({"d1"})
    ),
    "all, one taken, for administration": Case(
        [claim(exactly(allocationMode="All", adminAccess=True))],
        [slice_of(device("d1"), device("d2"))],
        [["req-0=d1", "req-0=d2"]],
        frozenset({"d1"}),
    ),
    "all of a pool that is not whole": Case(
        [claim(exactly(allocationMode="All"))],
        [slice_of(device("d1"), count=2)],
        "claim ns/claim-0, request req-0: asks for all devices, but "
        "resource pool driver-a/pool-1 is currently being updated",
    ),
    "all, and one more": Case(
        [claim(exactly("all", allocationMode="All"), exactly("one", "b"))],
        [slice_of(device("d1"), device("d2")), slice_of(device("d3"), driver=B)],
        [["all=d1", "all=d2", "one=d3"]],
    ),
    "administration twice by one claim": Case(
        [claim(exactly("r1", adminAccess=True), exactly("r2", adminAccess=True))], [slice_of(device("d1"))], None
    ),
    "administration by two claims": Case(
        [claim(exactly(adminAccess=True)), claim(exactly(adminAccess=True))],
        [slice_of(device("d1"))],
        [["req-0=d1"], ["req-0=d1"]],
    ),
    "one for use, one for administration": Case(
        [claim(exactly()), claim(exactly(adminAccess=True))], [slice_of(device("d1"))], [["req-0=d1"], ["req-0=d1"]]
    ),
    "for all nodes": Case([claim(exactly())], [slice_of(device("d1"), allNodes=True)], [["req-0=d1"]]),
    "by node's labels": Case(
        [claim(exactly())],
        [
            slice_of(
                device("d1"),
                nodeSelector={
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "region", "operator": "In", "values": ["east"]}]}
                    ]
                },
            )
        ],
        None,
    ),
    "by device": Case(
        [claim(exactly())],
        [slice_of(device("d1", nodeName="node-2"), device("d2", nodeName="node-1"), perDeviceNodeSelection=True)],
        [["req-0=d2"]],
    ),
    "alike": Case(
        [claim(exactly(count=2), constraints=same("model"))], [slice_of(*MODELS)], [["req-0=d2", "req-0=d3"]]
    ),
    "alike in what they have not": Case([claim(exactly(), constraints=same("nothing"))], [slice_of(*MODELS)], None),
    "alike over requests": Case(
        [claim(exactly("r1"), exactly("r2"), constraints=same("model"))], [slice_of(*MODELS)], [["r1=d2", "r2=d3"]]
    ),
    "alike in one of the requests": Case(
        [claim(exactly("r1"), exactly("r2"), constraints=same("model", "r1"))],
        [slice_of(*MODELS)],
        [["r1=d1", "r2=d2"]],
    ),
    "all alike": Case([claim(exactly(allocationMode="All"), constraints=same("model"))], [slice_of(*MODELS)], None),
    "different": Case(
        [claim(exactly(count=2), constraints=[{"distinctAttribute": f"{A}/model"}])],
        [slice_of(*MODELS[1:], MODELS[0])],
        [["req-0=d2", "req-0=d1"]],
    ),
    "the second best": Case(
        [claim(first("r", sub("big", **at_least(8)), sub("small", **at_least(1))))],
        [slice_of(device("d1", 1))],
        [["r/small=d1"]],
    ),
    "none of the alternatives": Case(
        [claim(first("r", sub("s1", "b"), sub("s2", "b")))], [slice_of(device("d1"))], None
    ),
    "another alternative for the sake of the next request": Case(
        [claim(first("r1", sub("two", count=2), sub("one")), exactly("r2"))],
        [slice_of(device("d1"), device("d2"))],
        [["r1/one=d1", "r2=d2"]],
    ),
    "alike in one alternative": Case(
        [claim(first("r", sub("s1", count=3), sub("s2", count=2)), constraints=same("model", "r/s1"))],
        [slice_of(*MODELS)],
        [["r/s2=d1", "r/s2=d2"]],
    ),
    "too many": Case(
        [claim(exactly(count=33))],
        [slice_of(*MANY)],
        "claim ns/claim-0: number of requested devices 33 exceeds the claim limit of 32",
    ),
    "too many at first": Case(
        [claim(exactly("r1", count=2), first("r2", sub("s1", count=31), sub("s2", count=2)))],
        [slice_of(*MANY)],
        [["r1=d00", "r1=d01", "r2/s2=d02", "r2/s2=d03"]],
    ),
    "partitions": Case([claim(exactly("r1"), exactly("r2"))], PARTITIONS, [["r1=d1", "r2=d2"]]),
    "too much of a counter": Case([claim(exactly(count=3))], PARTITIONS, None),
    "a counter that is used": Case([claim(exactly(count=2))], PARTITIONS, None, frozenset({"d3"})),
    "the rest of a counter": Case([claim(exactly(count=1))], PARTITIONS, [["req-0=d1"]], frozenset({"d3"})),
    "a counter that is not there": Case(
        [claim(exactly())], [slice_of(device("d1", **uses(1)))], "invalid resource pools were encountered"
    ),
    "tainted": Case([claim(exactly())], [slice_of(device("d1", taints=[TAINT]), device("d2"))], [["req-0=d2"]]),
    "tainted without effect": Case(
        [claim(exactly())], [slice_of(device("d1", taints=[TAINT | {"effect": "None"}]))], [["req-0=d1"]]
    ),
    "tolerated": Case(
        [claim(exactly(tolerations=[{"key": "broken", "operator": "Exists"}]))],
        [slice_of(device("d1", taints=[TAINT]))],
        [["req-0=d1"]],
    ),
    "one of two taints is tolerated": Case(
        [claim(exactly(tolerations=[{"key": "broken", "operator": "Exists"}]))],
        [slice_of(device("d1", taints=[TAINT, {"key": "other", "effect": "NoExecute"}]))],
        None,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_allocates(case: Case) -> None:
    assert answer(case) == case.expected


@given(
    models=st.lists(st.integers(0, 2), min_size=1, max_size=6),
    asked=st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from([None, 0, 1, 2]), st.booleans()), min_size=1, max_size=3
    ),
    taken=st.sets(st.integers(0, 5), max_size=3),
)
def test_no_device_is_given_twice_and_nothing_that_can_be_given_is_refused(
    models: list[int], asked: list[tuple[int, int | None, bool]], taken: set[int]
) -> None:
    """One claim per request; a model of None takes any, and `alike` wants all of one model."""
    slices = [slice_of(*(device(f"d{number}", attributes={"model": model}) for number, model in enumerate(models)))]
    claims = []
    for count, model, alike in asked:
        expression = f'device.attributes["{A}"].model == {model}'
        selectors = [] if model is None else [{"cel": {"expression": expression}}]
        claims.append(claim(exactly(count=count, selectors=selectors), constraints=same("model") if alike else []))
    found = answer(Case(claims, slices, None, frozenset(f"d{number}" for number in taken)))
    free = [(number, model) for number, model in enumerate(models) if number not in taken]
    if found is None:
        assert not _possible(asked, free)
        return
    assert not isinstance(found, str)
    given = [int(one.split("=d")[1]) for devices in found for one in devices]
    assert len(set(given)) == len(given)
    assert not taken & set(given)
    for (count, model, alike), devices in zip(asked, found, strict=True):
        kinds = [models[int(one.split("=d")[1])] for one in devices]
        assert len(kinds) == count
        assert model is None or set(kinds) == {model}
        assert not alike or len(set(kinds)) == 1


def _possible(asked: Sequence[tuple[int, int | None, bool]], free: Sequence[tuple[int, int]]) -> bool:
    """By models alone: how many of each are left decides."""
    if not asked:
        return True
    (count, model, alike), rest = asked[0], asked[1:]
    if not count:
        return _possible(rest, free)
    if alike and model is None:
        return any(_possible([(count, kind, False), *rest], free) for kind in {kind for _, kind in free})
    for at, (_, kind) in enumerate(free):
        if model in (None, kind) and _possible([(count - 1, model, alike), *rest], [*free[:at], *free[at + 1 :]]):
            return True
    return False


def test_results_name_what_was_given() -> None:
    found = allocate(demands([claim(exactly())]), pools([slice_of(device("d1"))]), lambda _: False, lambda *_: True)
    assert found is not None
    ((one,),) = found
    assert isinstance(one, Given)
    assert one.device.id == (A, "pool-1", "d1")


def test_pools_of_which_a_newer_generation_is_elsewhere_are_left_alone() -> None:
    mine: Mapping[str, Any] = {"nodeName": "node-1"}
    other: Mapping[str, Any] = {"nodeName": "node-2", "generation": 2}
    slices = [slice_of(device("d1"), **mine), slice_of(device("d2"), **other)]
    assert pools(slices) == []
