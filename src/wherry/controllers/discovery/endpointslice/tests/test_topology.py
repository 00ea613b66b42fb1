from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.core_v1 import Node, Service
from wherry.api.types.decoding import convert
from wherry.controllers.discovery.endpointslice.topology import distribute, is_asked_for, ratios

ZONE = "topology.kubernetes.io/zone"
NO_NODES = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
OVERLOADED = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"


def node(name: str, cpu: str, zone: str = "", ready: str = "True", **labels: str) -> Node:
    metadata = {"name": name, "labels": {**({ZONE: zone} if zone else {}), **labels}}
    status = {"allocatable": {"cpu": cpu}, "conditions": [{"type": "Ready", "status": ready}]}
    return convert(Node, {"metadata": metadata, "status": status})


def endpoints(**zones: int) -> dict[str, Obj]:
    names = [zone for zone, count in zones.items() for _ in range(count)]
    return {f"{number:03}": {"zone": zone} for number, zone in enumerate(names)}


def test_zones_have_parts_by_the_cpus_of_their_ready_nodes() -> None:
    nodes = [node("a", "3", "z1"), node("b", "500m", "z2"), node("c", "500m", "z2"), node("d", "9", "z2", "False")]
    control = convert(
        Node, {"metadata": {"name": "e", "labels": {"node-role.kubernetes.io/control-plane": ""}}, "status": {}}
    )
    assert ratios([*nodes, control]) == {"z1": 0.75, "z2": 0.25}
    assert ratios(nodes[:1]) == {}
    assert ratios([*nodes, node("x", "1")]) == {}
    assert ratios([*nodes, node("x", "0", "z3")]) == {}


@pytest.mark.parametrize(
    ("there", "shares", "refusal"),
    [
        (
            endpoints(a=3),
            {},
            "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes",
        ),
        (endpoints(a=1), {"a": 0.5, "b": 0.5}, "Insufficient number of endpoints (1 endpoints, 2 zones)"),
        (
            endpoints(a=2, b=1),
            {"a": 0.5, "b": 0.5},
            f"{OVERLOADED} (3 endpoints, 2 zones)",
        ),
        ({**endpoints(a=3), "x": {}}, {"a": 0.5, "b": 0.5}, "One or more endpoints do not have a zone specified"),
    ],
    ids=["nodes", "endpoints", "overload", "zone"],
)
def test_why_there_are_no_hints(there: dict[str, Obj], shares: dict[str, float], refusal: str) -> None:
    assert distribute(there, shares).refusal == refusal


def test_an_endpoint_serves_its_zone_or_one_that_has_too_few() -> None:
    even = distribute(endpoints(a=2, b=2), {"a": 0.5, "b": 0.5})
    assert Counter(even.zones.values()) == {"a": 2, "b": 2}
    uneven = distribute(endpoints(a=4), {"a": 0.5, "b": 0.5})
    assert Counter(uneven.zones.values()) == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, False),
        ({"service.kubernetes.io/topology-mode": "Auto"}, True),
        ({"service.kubernetes.io/topology-mode": "Disabled"}, False),
        ({"service.kubernetes.io/topology-aware-hints": "auto"}, True),
    ],
)
def test_who_asks(annotations: dict[str, Any], expected: bool) -> None:
    assert is_asked_for(convert(Service, {"metadata": {"name": "s", "annotations": annotations}})) is expected


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(1, 9), st.integers(1, 9))
def test_all_endpoints_are_given_out_and_no_zone_is_overloaded(a: int, b: int, c: int, x: int, y: int) -> None:
    shares = {"a": x / (x + y), "b": y / (x + y)}
    there = endpoints(a=a, b=b, c=c)
    found = distribute(there, shares)
    if found.refusal:
        assert found.zones == {}
        return
    assert found.zones.keys() == there.keys()
    if c == 0:
        served = Counter(found.zones.values())
        assert all(abs(served[zone] - share * len(there)) <= 1 for zone, share in shares.items())
