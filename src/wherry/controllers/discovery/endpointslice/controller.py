"""Carries out the plan for a Service's EndpointSlices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.api.types.core_v1 import Node, Pod, Service
from wherry.api.types.discovery_v1 import EndpointSlice
from wherry.client import Informer, Key
from wherry.controllers.discovery.backends import has_backends, index_by_label, is_the_same, selected, zone_of
from wherry.controllers.discovery.endpointslice.plan import CONTROLLER_NAME, MANAGED_BY, SERVICE_NAME, Update, plan
from wherry.controllers.discovery.endpointslice.topology import is_asked_for, ratios
from wherry.controllers.discovery.triggertimes import ANNOTATION, TriggerTimes
from wherry.controllers.ownership import controller_reference, key_of
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.controllers.selectors import matches_labels
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

BY_SERVICE = "managed-service"


class State(Struct, frozen=True):
    times: TriggerTimes = field(default_factory=TriggerTimes)
    lacking: dict[Key, frozenset[str]] = field(default_factory=dict)
    """By Service: the nodes that its Pods are said to be on, and that are not there."""


def start(deps: Deps) -> State:
    index_by_label(deps.client.informer(PODS, Pod))
    _slices(deps).add_index(BY_SERVICE, _managed_service)
    return State()


async def reconcile(key: Key, deps: Deps) -> Result:
    service = deps.client.informer(SERVICES, Service).get(key)
    slices = list(_slices(deps).by_index(BY_SERVICE, str(key)))
    state: State = deps.state
    if service is None:
        state.times.forget(key)
        state.lacking.pop(key, None)
        return DONE  # the garbage collector takes the slices
    if not has_backends(service):
        return DONE
    nodes = deps.client.informer(NODES, Node)

    def zone(name: str) -> str | None:
        node = nodes.get(Key("", name))
        return zone_of(node.metadata.labels) or "" if node is not None else None

    shares = ratios(nodes.list()) if is_asked_for(service) else None
    pods = selected(deps.client.informer(PODS, Pod), service)
    decided = plan(service, pods, slices, zone, shares)
    _await_nodes(key, decided.missing, state)
    for note in decided.notes:
        deps.events.event(service, note.type, note.reason, note.message)
    trigger = {ANNOTATION: state.times.note(service, pods)}
    for body in decided.create:
        if not await _create(service, body, trigger, deps):
            return DONE
    for update in decided.update:
        await _update(key.namespace, update, trigger, deps)
    for view in decided.delete:
        await _delete(view, deps)
    _complain(service, decided.missing, deps)
    return DONE


def _await_nodes(key: Key, missing: Mapping[str, str], state: State) -> None:
    """Look again when a node comes that is missing."""
    if missing:
        state.lacking[key] = frozenset(missing.values())
    else:
        state.lacking.pop(key, None)


def _complain(service: Service, missing: Mapping[str, str], deps: Deps) -> None:
    """Say whose endpoints are left out."""
    if not missing:
        return
    key = key_of(service.metadata)
    found = [f"skipping Pod {pod} for Service {key}: Node {node} Not Found" for pod, node in missing.items()]
    why = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
    message = f"Error updating Endpoint Slices for Service {key}: {why}"
    deps.events.event(service, "Warning", "FailedToUpdateEndpointSlices", message)


async def _create(service: Service, body: Obj, annotations: Mapping[str, str | None], deps: Deps) -> bool:
    name = service.metadata.name
    metadata = {
        "annotations": {name: value for name, value in annotations.items() if value is not None},
        "generateName": f"{name}-",
        "labels": body["labels"],
        "ownerReferences": [controller_reference(SERVICES, service.metadata)],
    }
    obj = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, **_content(body)}
    try:
        await deps.client.create(ENDPOINTSLICES, obj, service.metadata.namespace)
    except errors.ApiError as error:
        if is_namespace_terminating(error):
            return False
        message = f"Error creating EndpointSlice for Service {service.metadata.namespace}/{name}: {error.message}"
        deps.events.event(service, "Warning", "FailedToUpdateEndpointSlices", message)
        raise
    return True


async def _update(namespace: str, update: Update, annotations: Mapping[str, str | None], deps: Deps) -> None:
    labels = update.body["labels"]
    metadata = {"resourceVersion": update.resource_version, "labels": labels, "annotations": dict(annotations)}
    content = _content(update.body)
    content.pop("addressType")
    await deps.client.patch(ENDPOINTSLICES, update.name, {"metadata": metadata, **content}, namespace)


async def _delete(view: EndpointSlice, deps: Deps) -> None:
    try:
        await deps.client.delete(ENDPOINTSLICES, view.metadata.name, view.metadata.namespace, uid=view.metadata.uid)
    except errors.NotFound:
        return


def _content(body: Obj) -> Obj:
    return {name: value for name, value in body.items() if name != "labels"}


def _slices(deps: Deps) -> Informer[EndpointSlice]:
    return deps.client.informer(ENDPOINTSLICES, EndpointSlice)


def _managed_service(view: EndpointSlice) -> tuple[str, ...]:
    labels = view.metadata.labels
    if labels.get(MANAGED_BY) != CONTROLLER_NAME or SERVICE_NAME not in labels:
        return ()
    return (str(Key(view.metadata.namespace, labels[SERVICE_NAME])),)


def services_of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """The Services whose endpoints a change of a Pod may change."""
    if old is not None and new is not None and is_the_same(old, new):
        return
    pods = [pod for pod in (old, new) if pod is not None]
    for service in deps.client.informer(SERVICES, Service).list(pods[0].metadata.namespace):
        if has_backends(service) and any(matches_labels(service.spec.selector, p.metadata.labels) for p in pods):
            yield key_of(service.metadata)


def _of_slice(old: EndpointSlice | None, new: EndpointSlice | None, deps: Deps) -> Iterable[Key]:
    """Somebody may have meddled with a slice (our own writes cost one idle look)."""
    for view in (old, new):
        if view is not None and view.metadata.labels.get(MANAGED_BY) == CONTROLLER_NAME:
            yield Key(view.metadata.namespace, view.metadata.labels.get(SERVICE_NAME, ""))


def _of_node(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    """A node that changes its zone concerns the Services of all namespaces; hardly ever happens."""
    before = zone_of(old.metadata.labels) if old is not None else None
    after = zone_of(new.metadata.labels) if new is not None else None
    if old is None and new is not None:
        yield from [key for key, nodes in deps.state.lacking.items() if new.metadata.name in nodes]
    is_moved = before != after
    if is_moved or _weight(old) != _weight(new):
        for service in deps.client.informer(SERVICES, Service).list():
            if is_moved or is_asked_for(service):
                yield key_of(service.metadata)


def _weight(node: Node | None) -> object:
    """What of a node decides about the part that its zone has."""
    if node is None:
        return None
    ready = [condition.status for condition in node.status.conditions if condition.type == "Ready"]
    return ready, node.status.allocatable.get("cpu")


CONTROLLER = Controller(
    name="endpointslice-controller",
    reconciles=SERVICES,
    view=Service,
    reconcile=reconcile,
    reads=(
        Watch(PODS, Pod, services_of_pod),
        Watch(ENDPOINTSLICES, EndpointSlice, _of_slice),
        Watch(NODES, Node, _of_node),
    ),
    writes=("endpointslices.discovery.k8s.io[of Services with a selector]",),
    start=start,
    component="endpoint-slice-controller",
)
