"""Writes the Endpoints of a Service when they say something else than its Pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wherry.api import Obj, errors
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.types.core_v1 import Endpoints, Pod, Service
from wherry.api.types.decoding import to_obj
from wherry.client import Key
from wherry.controllers.core.endpoints.plan import OVER_CAPACITY, labels_for, subsets, truncated
from wherry.controllers.discovery.backends import has_backends, index_by_label, selected
from wherry.controllers.discovery.endpointslice.controller import services_of_pod
from wherry.controllers.discovery.triggertimes import ANNOTATION, TriggerTimes
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

Annotations = Mapping[str, str | None]
"""None is for those that are not to be there."""


def start(deps: Deps) -> TriggerTimes:
    index_by_label(deps.client.informer(PODS, Pod))
    return TriggerTimes()


async def reconcile(key: Key, deps: Deps) -> Result:
    service = deps.client.informer(SERVICES, Service).get(key)
    present = deps.client.informer(ENDPOINTS, Endpoints).get(key)
    times: TriggerTimes = deps.state
    if service is None:
        times.forget(key)
        await _delete(present, deps)
        return DONE
    if not has_backends(service):
        return DONE
    pods = selected(deps.client.informer(PODS, Pod), service)
    found, is_truncated = truncated(subsets(service, pods))
    labels = labels_for(service)
    annotations = {ANNOTATION: times.note(service, pods), OVER_CAPACITY: "truncated" if is_truncated else None}
    if present is None:
        await _create(service, found, labels, annotations, deps)
    elif to_obj(present.subsets) != found or dict(present.metadata.labels) != labels:
        await _update(present, found, labels, annotations, deps)
    return DONE


async def _create(
    service: Service, found: list[Obj], labels: dict[str, str], annotations: Annotations, deps: Deps
) -> None:
    metadata: Obj = {"name": service.metadata.name, "labels": labels}
    metadata["annotations"] = {name: value for name, value in annotations.items() if value is not None}
    obj: Obj = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    if found:
        obj["subsets"] = found
    try:
        await deps.client.create(ENDPOINTS, obj, service.metadata.namespace)
    except errors.Forbidden as error:
        if not is_namespace_terminating(error):
            message = f"Failed to create endpoint for service {service.metadata.namespace}/{service.metadata.name}"
            deps.events.event(service, "Warning", "FailedToCreateEndpoint", f"{message}: {error.message}")
            raise


async def _update(
    present: Endpoints, found: list[Obj], labels: dict[str, str], annotations: Annotations, deps: Deps
) -> None:
    gone = {name: None for name in present.metadata.labels if name not in labels}
    metadata: Obj = {"resourceVersion": present.metadata.resource_version, "labels": {**gone, **labels}}
    metadata["annotations"] = dict(annotations)
    patch: Obj = {"metadata": metadata, "subsets": found or None}
    await deps.client.patch(ENDPOINTS, present.metadata.name, patch, present.metadata.namespace)


async def _delete(present: Endpoints | None, deps: Deps) -> None:
    """Endpoints have no owner reference upstream; they go with their Service all the same."""
    if present is None:
        return
    try:
        await deps.client.delete(ENDPOINTS, present.metadata.name, present.metadata.namespace, uid=present.metadata.uid)
    except errors.NotFound:
        return


def _of_endpoints(old: Endpoints | None, new: Endpoints | None, deps: Deps) -> Iterable[Key]:
    """Deleted by somebody: make them anew. Changes by others are left until a Pod changes, as upstream does."""
    if new is None and old is not None:
        yield Key(old.metadata.namespace, old.metadata.name)


CONTROLLER = Controller(
    name="endpoint-controller",
    reconciles=SERVICES,
    view=Service,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, services_of_pod), Watch(ENDPOINTS, Endpoints, _of_endpoints)),
    writes=("endpoints[of Services with a selector]",),
    start=start,
)
