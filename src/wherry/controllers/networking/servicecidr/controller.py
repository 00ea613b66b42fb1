"""Carries out what `plan.py` decides: finalizer and condition of ServiceCIDRs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.api.types.core_v1 import Service
from wherry.api.types.networking_v1 import ServiceCIDR
from wherry.client import Informer, Key
from wherry.controllers.networking.ipaddress.controller import addresses_of
from wherry.controllers.networking.servicecidr.plan import DEFAULT_NAME, Address, can_go
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FINALIZER = "networking.k8s.io/service-cidr-finalizer"
GRACE_SECONDS = 10.0
"""How long after its deletion a range is kept in any case: an address that was found a moment before may be on its way
into a Service."""
READY = "Kubernetes Service CIDR is ready"
DEFAULT_READY = "Kubernetes default Service CIDR is ready"
BUSY = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"


async def reconcile(key: Key, deps: Deps) -> Result:
    view = _cidrs(deps).get(key)
    if view is None:
        return DONE
    if view.metadata.deletion_timestamp is not None:
        return await _finish(view, deps)
    if FINALIZER not in view.metadata.finalizers:
        await _set_finalizers(view, [*view.metadata.finalizers, FINALIZER], deps)
    ready = DEFAULT_READY if key.name == DEFAULT_NAME else READY
    await _set_condition(view, "True", "", ready, deps)
    return DONE


async def _finish(view: ServiceCIDR, deps: Deps) -> Result:
    others = [
        cidr for each in _cidrs(deps).list() if each.metadata.uid != view.metadata.uid for cidr in each.spec.cidrs
    ]
    if not can_go(view.spec.cidrs, others, _addresses(deps)):
        await _set_condition(view, "False", "Terminating", BUSY, deps)
        return DONE
    deleted = view.metadata.deletion_timestamp
    left = (deleted.timestamp() if deleted else 0.0) + GRACE_SECONDS - deps.clock.time()
    if left > 0:
        return Result(requeue_after=left)
    if FINALIZER in view.metadata.finalizers:
        await _set_finalizers(view, [name for name in view.metadata.finalizers if name != FINALIZER], deps)
    return DONE


async def _set_finalizers(view: ServiceCIDR, finalizers: list[str], deps: Deps) -> None:
    metadata = {"finalizers": finalizers, "resourceVersion": view.metadata.resource_version}
    await deps.client.patch(SERVICECIDRS, view.metadata.name, {"metadata": metadata})


async def _set_condition(view: ServiceCIDR, status: str, reason: str, message: str, deps: Deps) -> None:
    for condition in view.status.conditions or ():
        if (condition.type, condition.status, condition.message) == ("Ready", status, message):
            return
    ready = {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(deps.clock.time()),
    }
    obj = await deps.client.get(SERVICECIDRS, view.metadata.name)
    present: list[Obj] = (obj.get("status") or {}).get("conditions") or []
    conditions = [condition for condition in present if condition["type"] != "Ready"] + [ready]
    patch = {"metadata": {"resourceVersion": obj["metadata"]["resourceVersion"]}, "status": {"conditions": conditions}}
    await deps.client.patch(SERVICECIDRS, view.metadata.name, patch, subresource="status")


def _addresses(deps: Deps) -> Iterator[Address]:
    for service in deps.client.informer(SERVICES, Service).list():
        for address in addresses_of(service):
            yield ip_address(address)


def _cidrs(deps: Deps) -> Informer[ServiceCIDR]:
    return deps.client.informer(SERVICECIDRS, ServiceCIDR)


def _of_cidr(_old: ServiceCIDR | None, _new: ServiceCIDR | None, deps: Deps) -> Iterable[Key]:
    """A range that comes or goes decides about others that are to go."""
    return _terminating(deps)


def _of_service(old: Service | None, new: Service | None, deps: Deps) -> Iterable[Key]:
    if old is None or (new is not None and addresses_of(old) == addresses_of(new)):
        return ()
    return _terminating(deps)


def _terminating(deps: Deps) -> list[Key]:
    views = _cidrs(deps).list()
    return [Key("", view.metadata.name) for view in views if view.metadata.deletion_timestamp is not None]


CONTROLLER = Controller(
    name="service-cidr-controller",
    reconciles=SERVICECIDRS,
    view=ServiceCIDR,
    reconcile=reconcile,
    reads=(Watch(SERVICECIDRS, ServiceCIDR, _of_cidr), Watch(SERVICES, Service, _of_service)),
    writes=("servicecidrs.networking.k8s.io/metadata.finalizers[protection]", "servicecidrs.networking.k8s.io/status"),
    workers=1,
)
