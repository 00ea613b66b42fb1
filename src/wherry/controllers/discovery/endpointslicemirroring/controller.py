"""Carries out the plan for the slices that mirror an Endpoints object."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import Obj, errors
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.api.types.core_v1 import Endpoints, Service
from wherry.api.types.discovery_v1 import EndpointSlice
from wherry.client import Informer, Key
from wherry.controllers.discovery.endpointslicemirroring.plan import (
    CONTROLLER_NAME,
    MANAGED_BY,
    SERVICE_NAME,
    is_mirrored,
    plan,
)
from wherry.controllers.ownership import controller_reference, key_of
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

BY_MIRRORED = "mirrored-service"


def start(deps: Deps) -> None:
    _slices(deps).add_index(BY_MIRRORED, lambda view: [str(key) for key in _mirrored(view)])


async def reconcile(key: Key, deps: Deps) -> Result:
    endpoints = deps.client.informer(ENDPOINTS, Endpoints).get(key)
    service = deps.client.informer(SERVICES, Service).get(key)
    slices = list(_slices(deps).by_index(BY_MIRRORED, str(key)))
    if endpoints is None or not is_mirrored(endpoints, service):
        for view in slices:
            await _delete(view, deps)
        return DONE
    decided = plan(endpoints, slices)
    for note in decided.notes:
        deps.events.event(endpoints, note.type, note.reason, note.message)
    for body in decided.create:
        if endpoints.metadata.deletion_timestamp is None and not await _create(endpoints, body, deps):
            return DONE
    for view, body in decided.update:
        await _update(view, body, deps)
    for view in decided.delete:
        await _delete(view, deps)
    return DONE


async def _create(endpoints: Endpoints, body: Obj, deps: Deps) -> bool:
    metadata = {
        "generateName": f"{endpoints.metadata.name}-",
        "labels": body["labels"],
        "annotations": body["annotations"],
        "ownerReferences": [controller_reference(ENDPOINTS, endpoints.metadata)],
    }
    obj = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, **_content(body)}
    try:
        await deps.client.create(ENDPOINTSLICES, obj, endpoints.metadata.namespace)
    except errors.Forbidden as error:
        if is_namespace_terminating(error):
            return False
        raise
    return True


async def _update(view: EndpointSlice, body: Obj, deps: Deps) -> None:
    metadata = view.metadata
    change: Obj = {
        "resourceVersion": metadata.resource_version,
        "labels": {**dict.fromkeys(metadata.labels), **body["labels"]},
        "annotations": {**dict.fromkeys(metadata.annotations), **body["annotations"]},
    }
    content = _content(body)
    del content["addressType"]
    await deps.client.patch(ENDPOINTSLICES, metadata.name, {"metadata": change, **content}, metadata.namespace)


async def _delete(view: EndpointSlice, deps: Deps) -> None:
    try:
        await deps.client.delete(ENDPOINTSLICES, view.metadata.name, view.metadata.namespace, uid=view.metadata.uid)
    except errors.NotFound:
        return


def _content(body: Obj) -> Obj:
    return {name: body[name] for name in ("addressType", "ports", "endpoints")}


def _slices(deps: Deps) -> Informer[EndpointSlice]:
    return deps.client.informer(ENDPOINTSLICES, EndpointSlice)


def _mirrored(view: EndpointSlice | None) -> Iterable[Key]:
    """The Endpoints that a slice of ours mirrors."""
    if view is not None and view.metadata.labels.get(MANAGED_BY) == CONTROLLER_NAME:
        yield Key(view.metadata.namespace, view.metadata.labels.get(SERVICE_NAME, ""))


def _of_slice(old: EndpointSlice | None, new: EndpointSlice | None, deps: Deps) -> Iterable[Key]:
    yield from _mirrored(old)
    yield from _mirrored(new)


def _of_service(old: Service | None, new: Service | None, deps: Deps) -> Iterable[Key]:
    """A Service without a selector that comes or goes, or one that gets or loses its selector."""
    before = old is not None and not old.spec.selector
    after = new is not None and not new.spec.selector
    view = new or old
    if before != after and view is not None:
        yield key_of(view.metadata)


CONTROLLER = Controller(
    name="endpointslice-mirroring-controller",
    reconciles=ENDPOINTS,
    view=Endpoints,
    reconcile=reconcile,
    reads=(Watch(SERVICES, Service, _of_service), Watch(ENDPOINTSLICES, EndpointSlice, _of_slice)),
    writes=("endpointslices.discovery.k8s.io[of Endpoints]",),
    start=start,
    component="endpoint-slice-mirroring-controller",
)
