"""Keeps one IPAddress for each address of a Service. Keys are addresses."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from wherry.api import Obj, errors
from wherry.api.core.service import SERVICES
from wherry.api.networking.ipaddress import IPADDRESSES
from wherry.api.types.core_v1 import Service
from wherry.api.types.networking_v1 import IPAddress
from wherry.client import Informer, Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FAMILY, MANAGED_BY = "ipaddress.kubernetes.io/ip-family", "ipaddress.kubernetes.io/managed-by"
MANAGER = "ipallocator.k8s.io"
BY_ADDRESS = "cluster-ip"


def addresses_of(service: Service) -> tuple[str, ...]:
    """A Service's addresses in their canonical form, which is how IPAddress objects are called."""
    found = []
    for text in service.spec.cluster_ips or ():
        try:
            found.append(str(ip_address(text)))
        except ValueError:
            continue  # It is headless.
    return tuple(found)


def start(deps: Deps) -> None:
    _services(deps).add_index(BY_ADDRESS, addresses_of)


async def reconcile(key: Key, deps: Deps) -> Result:
    present = deps.client.informer(IPADDRESSES, IPAddress).get(key)
    owner = min(_services(deps).by_index(BY_ADDRESS, key.name), key=_age, default=None)
    if present is not None:
        if present.metadata.labels.get(MANAGED_BY) != MANAGER or (owner is not None and _is_about(present, owner)):
            return DONE
        await _delete(present, deps)
    if owner is not None:
        try:
            await deps.client.create(IPADDRESSES, _object(key.name, owner))
        except errors.AlreadyExists:
            return DONE  # Its own event will have it looked at.
    return DONE


async def _delete(present: IPAddress, deps: Deps) -> None:
    try:
        await deps.client.delete(IPADDRESSES, present.metadata.name, uid=present.metadata.uid)
    except errors.NotFound:
        return


def _object(address: str, owner: Service) -> Obj:
    family = "IPv6" if ":" in address else "IPv4"
    metadata = owner.metadata
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {"name": address, "labels": {FAMILY: family, MANAGED_BY: MANAGER}},
        "spec": {
            "parentRef": {
                "group": "",
                "resource": "services",
                "namespace": metadata.namespace,
                "name": metadata.name,
            }
        },
    }


def _is_about(present: IPAddress, owner: Service) -> bool:
    parent, metadata = present.spec.parent_ref, owner.metadata
    return (parent.resource, parent.namespace, parent.name) == ("services", metadata.namespace, metadata.name)


def _age(service: Service) -> tuple[str, str]:
    """Two Services can share an address only if they came from elsewhere; the older one has it then."""
    created = service.metadata.creation_timestamp
    return (created.isoformat() if created else "", service.metadata.uid)


def _services(deps: Deps) -> Informer[Service]:
    return deps.client.informer(SERVICES, Service)


def _of_service(old: Service | None, new: Service | None, deps: Deps) -> Iterable[Key]:
    before, after = addresses_of(old) if old else (), addresses_of(new) if new else ()
    return [Key("", address) for address in (*before, *after) if not (address in before and address in after)]


CONTROLLER = Controller(
    name="service-ip-address-controller",
    manager="kube-apiserver",
    reconciles=IPADDRESSES,
    view=IPAddress,
    reconcile=reconcile,
    reads=(Watch(SERVICES, Service, _of_service),),
    writes=("ipaddresses.networking.k8s.io",),
    start=start,
    workers=1,
)
