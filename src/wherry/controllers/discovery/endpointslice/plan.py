"""Which EndpointSlices of a Service to create, change and delete.

Slices are filled as upstream fills them: endpoints stay where they are, the ones that are no longer wanted leave, new
ones go first to slices that change anyway, then to one slice with room for all of them, then to new slices. So a
change of one Pod rewrites one slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod, Service
from wherry.api.types.decoding import to_obj
from wherry.api.types.discovery_v1 import EndpointSlice
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
from wherry.controllers.discovery.endpointslice.topology import ENABLED, distribute
from wherry.controllers.notes import Note
from wherry.controllers.podstate import is_ready

CAPACITY = 100
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER_NAME = "endpointslice-controller.k8s.io"
_SAME_NODE = "PreferSameNode"
_NEAR = frozenset({"PreferClose", "PreferSameZone", _SAME_NODE})


class Update(Struct, frozen=True):
    """New endpoints, ports and labels for a slice that exists."""

    name: str
    resource_version: str
    body: Obj


class Plan(Struct, frozen=True):
    create: tuple[Obj, ...]
    """Bodies: addressType, labels, ports, endpoints."""
    update: tuple[Update, ...]
    delete: tuple[EndpointSlice, ...]
    notes: tuple[Note, ...] = ()
    missing: Mapping[str, str] = {}
    """Pods that are left out because their nodes are not there, with these nodes."""


class _Draft(Struct):
    """An existing slice on its way to what it should hold."""

    view: EndpointSlice
    kept: list[Obj]
    is_changed: bool


class _Bucket(Struct):
    """Everything with the same ports and address family."""

    family: str
    ports: list[Obj]
    wanted: dict[str, Obj] = field(default_factory=dict)
    slices: list[EndpointSlice] = field(default_factory=list)


def plan(
    service: Service,
    pods: Iterable[Pod],
    slices: Sequence[EndpointSlice],
    zone: Callable[[str], str | None],
    shares: Mapping[str, float] | None = None,
) -> Plan:
    """`slices` are those this controller manages for the Service; `zone` tells a node's zone by its name.

    It says "" of a node that has none, and None of a node that is not there: nothing is sent to its Pods, unless the
    Service wants all of them published.

    `shares` are the zones' parts of all CPUs, for a Service that asks for hints by them.
    """
    labels = {**service_labels(service), SERVICE_NAME: service.metadata.name, MANAGED_BY: CONTROLLER_NAME}
    missing: dict[str, str] = {}
    buckets = _buckets(service, _reachable(service, pods, zone, missing), zone)
    notes = [] if shares is None else _hint_by_zones(service, list(buckets.values()), slices, shares)
    strays = _sort_in(slices, buckets)
    create: list[Obj] = []
    update: list[Update] = []
    delete: list[EndpointSlice] = list(strays)
    for bucket in buckets.values():
        changed, new, gone = _fill(bucket)
        body: Obj = {"addressType": bucket.family, "ports": bucket.ports, "labels": labels}
        update += [_update(draft.view, {**body, "endpoints": draft.kept}) for draft in changed]
        update += [
            _update(view, {**body, "endpoints": to_obj(view.endpoints)})
            for view in bucket.slices
            if dict(view.metadata.labels) != labels and view not in gone and all(view is not d.view for d in changed)
        ]
        create += [{**body, "endpoints": chunk} for chunk in new]
        delete += gone
    _add_placeholders(service, slices, create, delete, labels)
    return msgspec.structs.replace(_recycled(create, update, delete, notes), missing=missing)


def _hint_by_zones(
    service: Service, buckets: Sequence[_Bucket], slices: Sequence[EndpointSlice], shares: Mapping[str, float]
) -> list[Note]:
    """Say of every ready endpoint which zone it serves, each family for itself; or why nothing is said."""
    notes: list[Note] = []
    for family in families(service):
        wanted = {uid: each for bucket in buckets if bucket.family == family for uid, each in bucket.wanted.items()}
        ready = {uid: each for uid, each in wanted.items() if each["conditions"]["ready"]}
        for endpoint in wanted.values():
            endpoint.pop("hints", None)
        hinting = distribute(ready, shares)
        for uid, zone in hinting.zones.items():
            ready[uid]["hints"] = {"forZones": [{"name": zone}]}
        had = any(endpoint.hints is not None for view in slices for endpoint in view.endpoints)
        if hinting.refusal:
            message = f"{hinting.refusal}, addressType: {family}"
            notes.append(Note("Warning", "TopologyAwareHintsDisabled", message))
        elif not had:
            notes.append(Note("Normal", "TopologyAwareHintsEnabled", f"{ENABLED}, addressType: {family}"))
    return notes


def _reachable(
    service: Service, pods: Iterable[Pod], zone: Callable[[str], str | None], missing: dict[str, str]
) -> Iterable[Pod]:
    """The Pods behind the Service that are on nodes that exist; the others are noted."""
    for pod in pods:
        if not is_behind(service, pod):
            continue
        node = pod.spec.node_name
        if node and zone(node) is None and not service.spec.publish_not_ready_addresses:
            missing[pod.metadata.name] = node
        else:
            yield pod


def _buckets(
    service: Service, pods: Iterable[Pod], zone: Callable[[str], str | None]
) -> dict[tuple[str, bytes], _Bucket]:
    buckets: dict[tuple[str, bytes], _Bucket] = {}
    for pod in pods:
        ports = ports_on(service, pod)
        if not ports and not is_headless(service):
            continue
        for family in families(service):
            ip = address_of(pod, family)
            if ip is not None:
                key = (family, _ports_key(list(ports)))
                bucket = buckets.setdefault(key, _Bucket(family, list(ports)))
                bucket.wanted[pod.metadata.uid] = _endpoint(service, pod, ip, zone)
    return buckets


def _endpoint(service: Service, pod: Pod, ip: str, zone: Callable[[str], str | None]) -> Obj:
    serving = is_ready(pod)
    is_going = pod.metadata.deletion_timestamp is not None
    published = is_published_ready(service, pod)
    endpoint: Obj = {
        "addresses": [ip],
        "conditions": {
            "ready": bool(service.spec.publish_not_ready_addresses) or (published and not is_going),
            "serving": serving,
            "terminating": is_going,
        },
        "targetRef": reference(pod),
    }
    if pod.spec.node_name:
        endpoint["nodeName"] = pod.spec.node_name
        if node_zone := zone(pod.spec.node_name):
            endpoint["zone"] = node_zone
    if name := hostname(service, pod):
        endpoint["hostname"] = name
    if endpoint["conditions"]["ready"] and (hints := _hints(service, endpoint)):
        endpoint["hints"] = hints
    return endpoint


def _hints(service: Service, endpoint: Obj) -> Obj:
    """Who should rather go to this endpoint than to others, if the Service prefers what is near."""
    preference = service.spec.traffic_distribution
    hints: Obj = {}
    if preference in _NEAR and "zone" in endpoint:
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if preference == _SAME_NODE and "nodeName" in endpoint:
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    return hints


def _sort_in(slices: Sequence[EndpointSlice], buckets: dict[tuple[str, bytes], _Bucket]) -> list[EndpointSlice]:
    """Give each slice to its bucket; those that fit none any more are returned."""
    strays: list[EndpointSlice] = []
    for view in slices:
        bucket = buckets.get((view.address_type, _ports_key(to_obj(view.ports))))
        if bucket is None:
            strays.append(view)
        else:
            bucket.slices.append(view)
    return strays


def _fill(bucket: _Bucket) -> tuple[list[_Draft], list[list[Obj]], list[EndpointSlice]]:
    """(slices to change, endpoints of slices to create, slices that are empty now)."""
    missing = dict(bucket.wanted)
    drafts = [_draft(view, bucket.wanted, missing) for view in bucket.slices]
    rest = list(missing.values())
    for draft in sorted((d for d in drafts if d.is_changed and d.kept), key=lambda d: -len(d.kept)):
        rest = _top_up(draft, rest)
    if rest and len(rest) < CAPACITY:
        roomy = [d for d in drafts if not d.is_changed and len(d.kept) + len(rest) <= CAPACITY]
        if roomy:
            rest = _top_up(max(roomy, key=lambda d: len(d.kept)), rest)
    new = [rest[i : i + CAPACITY] for i in range(0, len(rest), CAPACITY)]
    changed = [d for d in drafts if d.is_changed and d.kept]
    return changed, new, [d.view for d in drafts if not d.kept]


def _draft(view: EndpointSlice, wanted: dict[str, Obj], missing: dict[str, Obj]) -> _Draft:
    kept: list[Obj] = []
    is_changed = False
    present: list[Obj] = to_obj(view.endpoints)
    for endpoint in present:
        uid = (endpoint.get("targetRef") or {}).get("uid", "")
        target = wanted.get(uid)
        if target is None or uid not in missing:
            is_changed = True
            continue
        del missing[uid]
        is_changed = is_changed or target != endpoint
        kept.append(target)
    return _Draft(view, kept, is_changed)


def _top_up(draft: _Draft, rest: list[Obj]) -> list[Obj]:
    room = CAPACITY - len(draft.kept)
    if room > 0 and rest:
        draft.kept += rest[:room]
        draft.is_changed = True
    return rest[max(room, 0) :]


def _add_placeholders(
    service: Service,
    slices: Sequence[EndpointSlice],
    create: list[Obj],
    delete: list[EndpointSlice],
    labels: dict[str, str],
) -> None:
    """A Service without endpoints keeps one empty slice of each family, so that readers see it is really so."""
    for family in families(service):
        remain = [view for view in slices if view.address_type == family and view not in delete]
        if remain or any(body["addressType"] == family for body in create):
            continue
        empty = [v for v in slices if v.address_type == family and not v.endpoints and not v.ports]
        if empty and dict(empty[0].metadata.labels) == labels:
            delete.remove(empty[0])
        else:
            create.append({"addressType": family, "ports": [], "labels": labels, "endpoints": []})


def _recycled(create: list[Obj], update: list[Update], delete: list[EndpointSlice], notes: Sequence[Note]) -> Plan:
    """Rewrite a slice rather than delete it and create another of the same family."""
    for body in list(create):
        spare = next((view for view in delete if view.address_type == body["addressType"]), None)
        if spare is not None:
            create.remove(body)
            delete.remove(spare)
            update.append(_update(spare, body))
    return Plan(tuple(create), tuple(update), tuple(delete), tuple(notes))


def _update(view: EndpointSlice, body: Obj) -> Update:
    return Update(view.metadata.name, view.metadata.resource_version, body)


_encoder = msgspec.json.Encoder(order="sorted")


def _ports_key(ports: list[Obj]) -> bytes:
    return b"\n".join(sorted(_encoder.encode(port) for port in ports))
