"""Which zone each endpoint of a Service is to serve, where the Service asks that traffic stays in its zone. Pure.

Zones get endpoints in proportion to the CPUs of their nodes. An endpoint serves its own zone, but for as many as have
to help another out, so that no endpoint gets more than a fifth above its share. Where that cannot be, there are no
hints at all, and the Service's events say why.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import Node, Service
from wherry.controllers.discovery.backends import zone_of
from wherry.lib import quantity

OVERLOAD = 0.2
_ANNOTATIONS = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
NO_NODES = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
NO_ZONE = "One or more endpoints do not have a zone specified"
TOO_FEW = "Insufficient number of endpoints"
OVERLOADED = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
ENABLED = "Topology Aware Hints has been enabled"


class Hinting(Struct, frozen=True):
    """The zone that each endpoint serves, or why there are no hints."""

    zones: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""


def is_asked_for(service: Service) -> bool:
    """Whether a Service asks for hints by CPU; the older annotation goes first."""
    annotations = service.metadata.annotations
    said = next((annotations[name] for name in _ANNOTATIONS if name in annotations), "")
    return said in ("Auto", "auto")


def ratios(nodes: Iterable[Node]) -> dict[str, float]:
    """Each zone's part of all CPUs of ready nodes; empty when some node does not say enough, or one zone has all."""
    cpus: dict[str, float] = {}
    for node in sorted(nodes, key=lambda node: node.metadata.name):
        if any(label in node.metadata.labels for label in _CONTROL_PLANE) or not _is_ready(node):
            continue
        zone, cpu = zone_of(node.metadata.labels), float(quantity.parse(node.status.allocatable.get("cpu", "0")))
        if not zone or not cpu:
            return {}
        cpus[zone] = cpus.get(zone, 0.0) + cpu
    total = sum(cpus.values())
    return {zone: cpu / total for zone, cpu in sorted(cpus.items())} if len(cpus) > 1 else {}


def distribute(endpoints: Mapping[str, Obj], shares: Mapping[str, float]) -> Hinting:
    """Decide for the ready endpoints of one address family, by their UIDs."""
    if not shares:
        return Hinting(refusal=NO_NODES)
    counted = f"({len(endpoints)} endpoints, {len(shares)} zones)"
    if len(shares) > len(endpoints):
        return Hinting(refusal=f"{TOO_FEW} {counted}")
    least = {zone: math.ceil(share * len(endpoints) / (1 + OVERLOAD)) for zone, share in shares.items()}
    if sum(least.values()) > len(endpoints):
        return Hinting(refusal=f"{OVERLOADED} {counted}")
    if not all(endpoint.get("zone") for endpoint in endpoints.values()):
        return Hinting(refusal=NO_ZONE)
    zones: dict[str, str] = {uid: endpoints[uid]["zone"] for uid in sorted(endpoints)}
    desired = {zone: max(share * len(endpoints), least[zone]) for zone, share in shares.items()}
    givers, takers = _moves(desired, Counter(zones.values()))
    for uid, zone in zones.items():
        if takers and givers[zone] > 0:
            givers[zone] -= 1
            zones[uid] = takers.pop(0)
    return Hinting(zones)


def _moves(desired: Mapping[str, float], present: Counter[str]) -> tuple[Counter[str], list[str]]:
    """(how many endpoints each zone gives away, the zones that get them, most in need first)."""
    spare = {zone: present[zone] - wanted for zone, wanted in desired.items() if present[zone] > wanted}
    need = {zone: wanted - present[zone] for zone, wanted in desired.items() if present[zone] < wanted}
    givers: Counter[str] = Counter()
    takers: list[str] = []
    while spare and need:
        giver, taker = max(spare, key=lambda zone: spare[zone]), max(need, key=lambda zone: need[zone])
        given, taken = spare[giver], need[taker]
        if (given < 1 and taken < 1) or given < 0.5 or taken < 0.5:
            break
        givers[giver] += 1
        takers.append(taker)
        spare[giver] -= 1
        need[taker] -= 1
    return givers, takers


def _is_ready(node: Node) -> bool:
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)
