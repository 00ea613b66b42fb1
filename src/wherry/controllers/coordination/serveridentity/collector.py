"""Removes the Leases of API servers that are no more."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import errors
from wherry.api.coordination.lease import LEASES
from wherry.api.types.coordination_v1 import Lease
from wherry.client import Key
from wherry.controllers.coordination.serveridentity.plan import end, is_servers
from wherry.controllers.ownership import key_of
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


async def reconcile(key: Key, deps: Deps) -> Result:
    lease = deps.client.informer(LEASES, Lease).get(key)
    if lease is None or not is_servers(lease):
        return DONE
    if (left := end(lease) - deps.clock.time()) > 0:
        return Result(left)
    try:
        await deps.client.delete(LEASES, key.name, key.namespace, resource_version=lease.metadata.resource_version)
    except errors.NotFound:
        return DONE
    return DONE


def _of_lease(old: Lease | None, new: Lease | None, deps: Deps) -> Iterable[Key]:
    """A new one is looked at, and again when its time is over; renewals meanwhile cost nothing."""
    if old is None and new is not None and is_servers(new):
        yield key_of(new.metadata)


CONTROLLER = Controller(
    name="kube-apiserver-identity-lease-garbage-collector",
    reconciles=LEASES,
    view=Lease,
    reconcile=reconcile,
    hears_own=False,
    reads=(Watch(LEASES, Lease, _of_lease),),
    writes=("leases.coordination.k8s.io (delete)",),
    workers=1,
    manager="kube-apiserver",
)
