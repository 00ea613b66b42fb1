"""What the Endpoints of a Service say."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod, Service
from wherry.controllers.discovery.backends import (
    address_of,
    families,
    hostname,
    is_behind,
    is_headless,
    is_published_ready,
    ports_on,
    reference,
    service_labels,
)

CAPACITY = 1000
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
CONTROLLER_NAME = "endpoint-controller"
_SIDES = ("addresses", "notReadyAddresses")


def subsets(service: Service, pods: Iterable[Pod]) -> list[Obj]:
    """Addresses grouped by the ports they serve, in a stable order; Pods on their way out are left out."""
    groups: dict[bytes, tuple[list[Obj], list[Obj], list[Obj]]] = {}
    family = families(service)[0]
    for pod in pods:
        is_going = pod.metadata.deletion_timestamp is not None and not service.spec.publish_not_ready_addresses
        if is_going or not is_behind(service, pod):
            continue
        ports = [_port(port) for port in ports_on(service, pod)]
        ip = address_of(pod, family)
        if ip is None or (not ports and not is_headless(service)):
            continue
        group = groups.setdefault(msgspec.json.encode(ports), ([], [], ports))
        group[0 if is_published_ready(service, pod) else 1].append(_address(service, pod, ip))
    return [_subset(*groups[key]) for key in sorted(groups)]


def labels_for(service: Service) -> dict[str, str]:
    return {**service_labels(service), MANAGED_BY: CONTROLLER_NAME}


def truncated(found: list[Obj]) -> tuple[list[Obj], bool]:
    """At most a thousand addresses, and whether some had to go: unready ones first, from each subset its part."""
    ready, unready = (sum(len(subset.get(side, ())) for subset in found) for side in _SIDES)
    if ready + unready <= CAPACITY:
        return found, False
    side, total, room = (_SIDES[0], ready, CAPACITY) if ready > CAPACITY else (_SIDES[1], unready, CAPACITY - ready)
    most, kept = room, []
    for subset in found:
        part = min(room, math.ceil(len(subset.get(side, ())) / total * most))
        room -= part
        whole = {name: value for name, value in subset.items() if name not in _SIDES[_SIDES.index(side) :]}
        kept.append({**whole, side: subset[side][:part]} if part else whole)
    return [subset for subset in kept if any(side in subset for side in _SIDES)], True


def _subset(ready: list[Obj], not_ready: list[Obj], ports: list[Obj]) -> Obj:
    subset: Obj = {}
    if ready:
        subset["addresses"] = sorted(ready, key=lambda address: str(address["ip"]))
    if not_ready:
        subset["notReadyAddresses"] = sorted(not_ready, key=lambda address: str(address["ip"]))
    if ports:
        subset["ports"] = ports
    return subset


def _address(service: Service, pod: Pod, ip: str) -> Obj:
    address: Obj = {"ip": ip, "targetRef": reference(pod)}
    if pod.spec.node_name:
        address["nodeName"] = pod.spec.node_name
    if name := hostname(service, pod):
        address["hostname"] = name
    return address


def _port(port: Obj) -> Obj:
    """Endpoints leave an empty port name out, EndpointSlices do not."""
    return {name: value for name, value in port.items() if value != ""}
