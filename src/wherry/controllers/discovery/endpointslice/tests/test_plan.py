from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod, Service
from wherry.api.types.decoding import convert
from wherry.api.types.discovery_v1 import EndpointSlice
from wherry.controllers.discovery.endpointslice.plan import CAPACITY, Plan, plan
from wherry.controllers.tests.views import pod


def service(**spec: Any) -> Service:
    port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    whole = {"selector": {"app": "web"}, "ports": [port], "clusterIP": "10.43.0.9", **spec}
    return convert(Service, {"metadata": {"name": "web", "namespace": "default", "uid": "s"}, "spec": whole})


def view(name: str, body: Obj) -> EndpointSlice:
    metadata = {"name": name, "namespace": "default", "labels": body["labels"], "resourceVersion": "1"}
    return convert(EndpointSlice, {"metadata": metadata, **{k: v for k, v in body.items() if k != "labels"}})


def applied(slices: list[EndpointSlice], decided: Plan, fresh: str) -> list[EndpointSlice]:
    """The slices after a plan was carried out."""
    updates = {update.name: update.body for update in decided.update}
    gone = {one.metadata.name for one in decided.delete}
    kept = [one for one in slices if one.metadata.name not in gone]
    changed = [view(o.metadata.name, updates[o.metadata.name]) if o.metadata.name in updates else o for o in kept]
    return changed + [view(f"{fresh}-{i}", body) for i, body in enumerate(decided.create)]


def no_zone(_: str) -> str:
    return ""


def web(number: int, **facts: Any) -> Pod:
    return pod(f"p{number}", **{"ip": f"10.42.{number // 250}.{number % 250 + 1}", "ready": 5, "node": "n1", **facts})


def test_conditions_ports_and_places() -> None:
    pods = [
        web(1),
        web(2, ready=None, phase="Running"),
        web(3, going=True),
        web(4, phase="Succeeded"),
        pod("without-ip", ready=5),
        web(6, labels={"app": "other"}),
    ]
    decided = plan(service(), pods, [], lambda node: "z1")
    [body] = decided.create
    assert body["ports"] == [{"name": "http", "protocol": "TCP", "port": 8080}]
    assert body["labels"] == {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    found = {e["targetRef"]["name"]: tuple(e["conditions"].values()) for e in body["endpoints"]}
    assert found == {"p1": (True, True, False), "p2": (False, False, False), "p3": (False, True, True)}
    assert all((e["nodeName"], e["zone"]) == ("n1", "z1") for e in body["endpoints"])


def test_named_ports_and_hostnames_are_looked_up_in_the_pod() -> None:
    ports = [{"name": "web", "containerPort": 9090, "protocol": "TCP"}]
    pods = [web(1, ports=ports, spec={"hostname": "db-0", "subdomain": "web"}), web(2)]
    wanted = service(ports=[{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}], clusterIP="None")
    bodies = plan(wanted, pods, [], no_zone).create
    by_pod = {body["endpoints"][0]["targetRef"]["name"]: body for body in bodies}
    assert by_pod["p1"]["ports"][0]["port"] == 9090
    assert by_pod["p1"]["endpoints"][0]["hostname"] == "db-0"
    assert by_pod["p1"]["labels"]["service.kubernetes.io/headless"] == ""
    assert by_pod["p2"]["ports"] == []


def test_a_service_without_endpoints_has_one_empty_slice() -> None:
    first = plan(service(), [], [], no_zone)
    assert [(body["endpoints"], body["ports"]) for body in first.create] == [([], [])]
    slices = applied([], first, "a")
    assert plan(service(), [], slices, no_zone) == Plan((), (), ())
    second = plan(service(), [web(1)], slices, no_zone)
    assert (len(second.create), len(second.update), len(second.delete)) == (0, 1, 0)


def test_one_pod_more_rewrites_one_slice() -> None:
    pods = [web(i) for i in range(150)]
    slices = applied([], plan(service(), pods, [], no_zone), "a")
    assert sorted(len(one.endpoints) for one in slices) == [50, 100]
    decided = plan(service(), [*pods, web(150)], slices, no_zone)
    assert (len(decided.create), len(decided.update), len(decided.delete)) == (0, 1, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sets(st.integers(0, 260), max_size=240), min_size=1, max_size=4))
def test_after_any_changes_each_pod_stands_in_one_slice_and_none_is_too_full(rounds: list[set[int]]) -> None:
    slices: list[EndpointSlice] = []
    for number, members in enumerate(rounds):
        decided = plan(service(), [web(i) for i in members], slices, no_zone)
        slices = applied(slices, decided, f"r{number}")
        found = [e.target_ref.name for one in slices for e in one.endpoints if e.target_ref is not None]
        assert sorted(str(name) for name in found) == sorted(f"p{i}" for i in members)
        assert all(len(one.endpoints) <= CAPACITY for one in slices)
        assert slices
        assert plan(service(), [web(i) for i in members], slices, no_zone) == Plan((), (), ())


ZONE, HOST = {"forZones": [{"name": "z1"}]}, {"forNodes": [{"name": "n1"}]}


@pytest.mark.parametrize(
    ("preference", "zone", "expected"),
    [
        (None, "z1", None),
        ("PreferClose", "z1", ZONE),
        ("PreferSameZone", "z1", ZONE),
        ("PreferSameNode", "z1", {**ZONE, **HOST}),
        ("PreferSameZone", "", None),
        ("PreferSameNode", "", HOST),
    ],
)
def test_hints_for_services_that_prefer_what_is_near(preference: str | None, zone: str, expected: Obj) -> None:
    near = service(**({"trafficDistribution": preference} if preference else {}))
    pods = [web(1), web(2, ready=None, phase="Running")]
    [body] = plan(near, pods, [], lambda _: zone).create
    assert [endpoint.get("hints") for endpoint in body["endpoints"]] == [expected, None]
    again = plan(near, pods, [view("web-1", body)], lambda _: zone)
    assert (again.create, again.update, again.delete) == ((), (), ())
    plain = plan(service(), pods, [view("web-1", body)], lambda _: zone)
    assert len(plain.update) == (expected is not None)


def test_hints_by_cpus_come_and_go_and_are_told_of() -> None:
    pods, shares = [web(number, node=f"n{number}") for number in range(4)], {"z1": 0.5, "z2": 0.5}
    decided = plan(service(), pods, [], lambda _: "z1", shares)
    [body] = decided.create
    served = sorted(endpoint["hints"]["forZones"][0]["name"] for endpoint in body["endpoints"])
    assert served == ["z1", "z1", "z2", "z2"]
    assert [(note.reason, note.message) for note in decided.notes] == [
        ("TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4")
    ]
    again = plan(service(), pods, [view("web-1", body)], lambda _: "z1", shares)
    assert again == Plan((), (), ())
    refused = plan(service(), pods[:1], [view("web-1", body)], lambda _: "z1", shares)
    assert [note.reason for note in refused.notes] == ["TopologyAwareHintsDisabled"]
    assert "hints" not in refused.update[0].body["endpoints"][0]
