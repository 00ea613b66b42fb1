"""Which EndpointSlices mirror an Endpoints object: one for each family of addresses of each set of ports. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import EndpointAddress, Endpoints, EndpointSubset, Service
from wherry.api.types.decoding import to_obj
from wherry.api.types.discovery_v1 import EndpointSlice
from wherry.controllers.discovery.triggertimes import ANNOTATION
from wherry.controllers.notes import Note

CAPACITY = 1000
"""Addresses of one subset that are mirrored."""
CONTROLLER_NAME = "endpointslicemirroring-controller.k8s.io"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SERVICE_NAME = "kubernetes.io/service-name"
SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_MIRRORED = frozenset({ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"})
_encode = msgspec.json.Encoder(order="sorted").encode
Place = tuple[str, bytes]
"""Family and ports: what has a slice of its own."""


class Plan(Struct, frozen=True):
    """`create` and `update` are what slices should hold: labels, annotations, addressType, ports, endpoints."""

    create: tuple[Obj, ...] = ()
    update: tuple[tuple[EndpointSlice, Obj], ...] = ()
    delete: tuple[EndpointSlice, ...] = ()
    notes: tuple[Note, ...] = ()


class _Count(Struct):
    """What could not be mirrored."""

    invalid: int = 0
    skipped: int = 0


class _Wanted(Struct):
    ports: list[Obj]
    endpoints: dict[bytes, Obj] = field(default_factory=dict)


def is_mirrored(endpoints: Endpoints | None, service: Service | None) -> bool:
    """Whether there is something to mirror: a Service whose endpoints somebody else than the control plane keeps."""
    if endpoints is None or service is None or service.spec.selector:
        return False
    metadata = endpoints.metadata
    return metadata.labels.get(SKIP_MIRROR) != "true" and LEADER not in metadata.annotations


def plan(endpoints: Endpoints, slices: Sequence[EndpointSlice]) -> Plan:
    """`slices` are those that mirror the Endpoints now."""
    count = _Count()
    wanted: dict[Place, _Wanted] = {}
    for subset in endpoints.subsets:
        _add(subset, wanted, count)
    labels = {**endpoints.metadata.labels, SERVICE_NAME: endpoints.metadata.name, MANAGED_BY: CONTROLLER_NAME}
    notes = {name: value for name, value in endpoints.metadata.annotations.items() if name not in _NOT_MIRRORED}
    create: list[Obj] = []
    update: list[tuple[EndpointSlice, Obj]] = []
    spare: list[EndpointSlice] = []
    present = _by_place(slices)
    for place, target in wanted.items():
        body: Obj = {
            "labels": labels,
            "annotations": notes,
            "addressType": place[0],
            "ports": target.ports,
            "endpoints": list(target.endpoints.values()),
        }
        there = present.pop(place, [])
        spare += there[1:]
        if not there:
            create.append(body)
        elif not _says(there[0], body):
            update.append((there[0], body))
    spare += [view for views in present.values() for view in views]
    return _recycled(create, update, spare, _warnings(count))


def _add(subset: EndpointSubset, wanted: dict[Place, _Wanted], count: _Count) -> None:
    ports = [_port(to_obj(port)) for port in subset.ports]
    key = b"\n".join(sorted(map(_encode, ports)))
    added = 0
    for addresses, ready in ((subset.addresses, True), (subset.not_ready_addresses, False)):
        for address in addresses:
            if added == CAPACITY:
                break
            found = _endpoint(address, ready=ready)
            if found is None:
                count.invalid += 1
                continue
            family, endpoint = found
            added += 1
            target = wanted.setdefault((family, key), _Wanted(ports))
            target.endpoints[_identity(endpoint)] = endpoint
    count.skipped += len(subset.addresses) + len(subset.not_ready_addresses) - added


def _port(port: Obj) -> Obj:
    """Slices write an empty name out, Endpoints do not."""
    return {"name": "", **port}


def _endpoint(address: EndpointAddress, *, ready: bool) -> tuple[str, Obj] | None:
    """The family and the endpoint of an address; None for what is none."""
    try:
        ip = ipaddress.ip_address(address.ip)
    except ValueError:
        return None
    endpoint: Obj = {"addresses": [str(ip)], "conditions": {"ready": ready}}
    if address.target_ref is not None:
        endpoint["targetRef"] = to_obj(address.target_ref)
    if address.node_name is not None:
        endpoint["nodeName"] = address.node_name
    if address.hostname:
        endpoint["hostname"] = address.hostname
    return f"IPv{ip.version}", endpoint


def _identity(endpoint: Obj) -> bytes:
    """What tells endpoints apart, however ready they are."""
    return _encode([endpoint["addresses"], endpoint.get("hostname"), endpoint.get("targetRef")])


def _by_place(slices: Sequence[EndpointSlice]) -> dict[Place, list[EndpointSlice]]:
    found: dict[Place, list[EndpointSlice]] = {}
    for view in sorted(slices, key=lambda view: view.metadata.name):
        key = b"\n".join(sorted(_encode(port) for port in to_obj(view.ports)))
        found.setdefault((view.address_type, key), []).append(view)
    return found


def _says(view: EndpointSlice, body: Obj) -> bool:
    """Whether a slice holds this already, in whatever order."""
    return (
        _without_order(to_obj(view.endpoints)) == _without_order(body["endpoints"])
        and dict(view.metadata.labels) == body["labels"]
        and dict(view.metadata.annotations) == body["annotations"]
    )


def _without_order(endpoints: Sequence[Obj]) -> Mapping[bytes, Obj]:
    return {_identity(endpoint): endpoint for endpoint in endpoints}


def _recycled(
    create: list[Obj], update: list[tuple[EndpointSlice, Obj]], spare: list[EndpointSlice], notes: tuple[Note, ...]
) -> Plan:
    """Rewrite a slice rather than delete it and create another; families never change."""
    new: list[Obj] = []
    for body in create:
        reused = next((view for view in spare if view.address_type == body["addressType"]), None)
        if reused is None:
            new.append(body)
        else:
            spare.remove(reused)
            update.append((reused, body))
    return Plan(tuple(new), tuple(update), tuple(spare), notes)


def _warnings(count: _Count) -> tuple[Note, ...]:
    notes = []
    if count.invalid:
        message = f"Skipped {count.invalid} invalid IP addresses when mirroring to EndpointSlices"
        notes.append(Note("Warning", "InvalidIPAddress", message))
    if count.skipped > count.invalid:
        most = f"A max of {CAPACITY} addresses can be mirrored to EndpointSlices per Endpoints subset"
        notes.append(Note("Warning", "TooManyAddressesToMirror", f"{most}. {count.skipped} addresses were skipped"))
    return tuple(notes)
