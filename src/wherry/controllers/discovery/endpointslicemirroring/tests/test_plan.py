from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.core_v1 import Endpoints, Service
from wherry.api.types.decoding import convert
from wherry.api.types.discovery_v1 import EndpointSlice
from wherry.controllers.discovery.endpointslicemirroring.plan import CAPACITY, is_mirrored, plan

HTTP = {"name": "http", "port": 80, "protocol": "TCP"}
OURS = {
    "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    "kubernetes.io/service-name": "db",
}


def endpoints(*subsets: Obj, **metadata: Any) -> Endpoints:
    return convert(
        Endpoints, {"metadata": {"name": "db", "namespace": "default", **metadata}, "subsets": list(subsets)}
    )


def subset(*ready: str, waiting: tuple[str, ...] = (), ports: tuple[Obj, ...] = (HTTP,)) -> Obj:
    return {
        "addresses": [{"ip": ip} for ip in ready],
        "notReadyAddresses": [{"ip": ip} for ip in waiting],
        "ports": list(ports),
    }


def existing(name: str, body: Obj) -> EndpointSlice:
    metadata = {"name": name, "namespace": "default", "labels": body["labels"], "annotations": body["annotations"]}
    content = {key: body[key] for key in ("addressType", "ports", "endpoints")}
    return convert(EndpointSlice, {"metadata": metadata, **content})


def test_one_slice_for_each_family_and_set_of_ports() -> None:
    other = {"port": 5432, "protocol": "TCP"}
    decided = plan(endpoints(subset("10.0.0.1", "fd00::1"), subset("10.0.0.2", ports=(other,))), [])
    said = [(body["addressType"], [port["port"] for port in body["ports"]]) for body in decided.create]
    assert said == [("IPv4", [80]), ("IPv6", [80]), ("IPv4", [5432])]
    assert decided.create[2]["ports"] == [{"name": "", "port": 5432, "protocol": "TCP"}]


def test_readiness_nodes_hosts_and_targets_are_mirrored() -> None:
    target = {"kind": "Pod", "name": "a", "namespace": "default", "uid": "1"}
    one = {"ip": "10.0.0.1", "nodeName": "n1", "hostname": "h", "targetRef": target}
    [body] = plan(
        endpoints({"addresses": [one], "notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [HTTP]}), []
    ).create
    assert body["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True},
            "nodeName": "n1",
            "hostname": "h",
            "targetRef": target,
        },
        {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
    ]


def test_labels_and_annotations_are_mirrored_but_for_what_others_own() -> None:
    annotations = {"a": "1", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    [body] = plan(endpoints(subset("10.0.0.1"), labels={"app": "db"}, annotations=annotations), []).create
    assert body["labels"] == {"app": "db", **OURS}
    assert body["annotations"] == {"a": "1"}


def test_what_is_mirrored_stays_as_it_is() -> None:
    source = endpoints(subset("10.0.0.1", "10.0.0.2", waiting=("10.0.0.3",)))
    [body] = plan(source, []).create
    body["endpoints"].reverse()
    decided = plan(source, [existing("db-1", body)])
    assert (decided.create, decided.update, decided.delete) == ((), (), ())


def test_slices_are_rewritten_reused_and_deleted() -> None:
    [body] = plan(endpoints(subset("10.0.0.1")), []).create
    slices = [existing("db-1", body), existing("db-2", body)]
    changed = plan(endpoints(subset("10.0.0.9")), slices)
    assert [(view.metadata.name, new["endpoints"][0]["addresses"]) for view, new in changed.update] == [
        ("db-1", ["10.0.0.9"])
    ]
    assert [view.metadata.name for view in changed.delete] == ["db-2"]
    other = plan(endpoints(subset("10.0.0.1", ports=({"port": 1, "protocol": "TCP"},))), slices[:1])
    assert ([view.metadata.name for view, _ in other.update], other.create, other.delete) == (["db-1"], (), ())
    assert plan(endpoints(), slices[:1]).delete == (slices[0],)


def test_what_cannot_be_mirrored_is_said() -> None:
    many = subset(*(f"10.0.{number // 250}.{number % 250}" for number in range(CAPACITY + 5)))
    decided = plan(endpoints(many), [])
    assert len(decided.create[0]["endpoints"]) == CAPACITY
    assert [(note.reason, note.message) for note in decided.notes] == [
        (
            "TooManyAddressesToMirror",
            "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 5 addresses were skipped",
        )
    ]
    [note] = plan(endpoints(subset("10.0.0.1", "no address")), []).notes
    assert (note.reason, note.message) == (
        "InvalidIPAddress",
        "Skipped 1 invalid IP addresses when mirroring to EndpointSlices",
    )


def test_what_is_mirrored_at_all() -> None:
    plain, chosen = convert(Service, {}), convert(Service, {"spec": {"selector": {"a": "b"}}})
    assert is_mirrored(endpoints(), plain)
    assert not is_mirrored(endpoints(), chosen)
    assert not is_mirrored(endpoints(), None)
    assert not is_mirrored(None, plain)
    assert not is_mirrored(endpoints(labels={"endpointslice.kubernetes.io/skip-mirror": "true"}), plain)
    assert not is_mirrored(endpoints(annotations={"control-plane.alpha.kubernetes.io/leader": "{}"}), plain)


ADDRESSES = st.lists(st.sampled_from([f"10.0.0.{n}" for n in range(6)] + ["fd00::1", "fd00::2"]), unique=True)
SUBSETS = st.lists(
    st.builds(
        lambda ips, port: subset(*ips, ports=({"name": "p", "port": port, "protocol": "TCP"},)),
        ADDRESSES,
        st.sampled_from([1, 2]),
    ),
    max_size=3,
)


@given(SUBSETS, SUBSETS)
def test_carried_out_from_any_state_it_is_at_rest(before: list[Obj], after: list[Obj]) -> None:
    slices = [existing(f"s{number}", body) for number, body in enumerate(plan(endpoints(*before), []).create)]
    decided = plan(endpoints(*after), slices)
    updated = {view.metadata.name: body for view, body in decided.update}
    gone = {view.metadata.name for view in decided.delete}
    kept = [view for view in slices if view.metadata.name not in gone and view.metadata.name not in updated]
    now = [
        *kept,
        *(existing(name, body) for name, body in updated.items()),
        *(existing(f"n{number}", body) for number, body in enumerate(decided.create)),
    ]
    again = plan(endpoints(*after), now)
    assert (again.create, again.update, again.delete) == ((), (), ())
    shown = {(ip, view.ports[0].port) for view in now for endpoint in view.endpoints for ip in endpoint.addresses}
    assert shown == {(address["ip"], one["ports"][0]["port"]) for one in after for address in one["addresses"]}
