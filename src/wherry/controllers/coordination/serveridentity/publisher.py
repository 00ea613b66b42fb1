"""Keeps the Lease by which this API server shows that it is there."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from wherry.api import errors
from wherry.api.coordination.lease import LEASES
from wherry.api.types.coordination_v1 import Lease
from wherry.client import Key
from wherry.controllers.coordination.serveridentity.plan import NAMESPACE, RENEWAL, lease_name, wanted
from wherry.reconcile.controller import Controller, Deps, Result, Watch


class State(Struct, frozen=True):
    key: Key
    holder: str
    """Tells this run of the server from the one before."""


def start(deps: Deps) -> State:
    key = Key(NAMESPACE, lease_name(deps.settings["host"]))
    deps.enqueue(key)
    return State(key, str(UUID(int=deps.random.getrandbits(128), version=4)))


async def reconcile(key: Key, deps: Deps) -> Result:
    lease = wanted(deps.settings["host"], deps.state.holder, deps.clock.time())
    try:
        await deps.client.patch(LEASES, key.name, {"spec": lease["spec"]}, NAMESPACE)
    except errors.NotFound:
        await deps.client.create(LEASES, lease, NAMESPACE)
    return Result(RENEWAL)


def _of_lease(old: Lease | None, new: Lease | None, deps: Deps) -> Iterable[Key]:
    """Somebody deleted ours."""
    key: Key = deps.state.key
    if new is None and old is not None and Key(old.metadata.namespace, old.metadata.name) == key:
        yield key


def controller(host: str) -> Controller:
    """`host` is the name of the machine that the server runs on."""
    return Controller(
        name="kube-apiserver-identity-lease-controller",
        reconciles=LEASES,
        view=Lease,
        reconcile=reconcile,
        hears_own=False,
        reads=(Watch(LEASES, Lease, _of_lease),),
        writes=("leases.coordination.k8s.io[own]",),
        start=start,
        workers=1,
        settings={"host": host},
        manager="kube-apiserver",
    )
