"""Writes a decision about claims down: the allocation, and that the Pod holds it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.core.pod import PODS
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.types.decoding import convert
from wherry.api.types.resource_v1 import ResourceClaim
from wherry.client import Client, Patch
from wherry.lib.clock import Clock, format_time
from wherry.scheduler.dynamic.inventory import Inventory, devices_in
from wherry.scheduler.model import PodInfo

log = logging.getLogger(__name__)

T = TypeVar("T")

FINALIZER = "resource.kubernetes.io/delete-protection"
_TRIES = 5


class NewClaim(Struct, frozen=True):
    """A claim for extended resources that is made when the Pod is bound."""

    uid: str
    """Under which its devices are promised until then."""
    obj: Obj
    mappings: tuple[Obj, ...]
    allocation: Obj


class ClaimsHold:
    """Holds the devices of a Pod's claims until they are written, or given back."""

    def __init__(
        self,
        inventory: Inventory,
        clock: Clock,
        pod: PodInfo,
        claims: list[ResourceClaim],
        allocations: dict[str, Obj],
        wait: Callable[[Sequence[ResourceClaim]], Awaitable[None]],
        new: NewClaim | None = None,
    ) -> None:
        self._inventory = inventory
        self._clock = clock
        self._pod = pod
        self._claims = claims
        self._allocations = allocations
        """By UID of the claim, for those that had none."""
        self._reserved: list[ResourceClaim] = []
        self._wait = wait
        """Returns once the devices of claims, which are written now, are ready."""
        self._new = new
        self._made: ResourceClaim | None = None

    async def pre_bind(self) -> None:
        written = [await self._make(self._new)] if self._new is not None else []
        for claim in self._claims:
            if all(holder.uid != self._pod.uid for holder in claim.status.reserved_for):
                written.append(await self._bind(claim))
                self._reserved.append(claim)
            else:
                written.append(claim)
        await self._wait(written)

    def unreserve(self) -> None:
        for uid in self._allocations:
            self._inventory.withdraw(uid)
        for claim in self._reserved:
            self._inventory.behind(release(self._inventory.client, claim, self._pod.uid))
        if self._new is not None:
            self._inventory.withdraw(self._new.uid)
        if self._made is not None:
            self._inventory.behind(self._take_away(self._made))

    async def _take_away(self, made: ResourceClaim) -> None:
        try:
            await delete_claim(self._inventory.client, made)
        except (errors.ApiError, ConnectionError) as error:  # The Pod's next attempt begins with what this one left.
            log.warning("claim %s of %s stays for now: %s", made.metadata.name, self._pod.key, error)

    async def _make(self, new: NewClaim) -> ResourceClaim:
        """Create the claim, as one that has its devices, and tell the Pod which container uses which of them."""
        client, key = self._inventory.client, self._pod.key
        try:
            created = await client.create(RESOURCECLAIMS, new.obj, key.namespace)
        except errors.ApiError as error:
            raise type(error)(f"create claim for extended resources {key.namespace}/: {error.message}") from error
        self._made = claim = convert(ResourceClaim, created)
        self._inventory.withdraw(new.uid)
        self._inventory.promise(claim.metadata.uid, devices_in(new.allocation))
        self._allocations[claim.metadata.uid] = new.allocation
        written = await self._bind(claim)
        status = {"resourceClaimName": claim.metadata.name, "requestMappings": list(new.mappings)}
        patch = {"metadata": {"uid": self._pod.uid}, "status": {"extendedResourceClaimStatus": status}}
        await client.patch(PODS, key.name, patch, key.namespace, subresource="status")
        return written

    async def _bind(self, claim: ResourceClaim) -> ResourceClaim:
        return await _insist(lambda: self._write(claim))

    async def _write(self, claim: ResourceClaim) -> ResourceClaim:
        client, meta = self._inventory.client, claim.metadata
        name = f"{meta.namespace}/{meta.name}"
        fresh = await client.get(RESOURCECLAIMS, meta.name, meta.namespace)
        if fresh["metadata"].get("uid") != meta.uid or fresh["metadata"].get("deletionTimestamp"):
            raise errors.InternalError(f"claim {name} got deleted in the meantime")
        allocation = self._allocations.get(meta.uid)
        current = (fresh.get("status") or {}).get("allocation")
        if allocation is not None:
            if current is not None:
                raise errors.InternalError(f"claim {name} got allocated elsewhere in the meantime")
            finalizers = fresh["metadata"].get("finalizers") or []
            if FINALIZER not in finalizers:
                fresh["metadata"]["finalizers"] = [*finalizers, FINALIZER]
                fresh = await client.update(RESOURCECLAIMS, fresh)
            current = allocation
        if current is None:
            raise errors.InternalError(f"claim {name} got deallocated elsewhere in the meantime")
        status = fresh.setdefault("status", {})
        stamp = {"allocationTimestamp": format_time(self._clock.time())}
        status["allocation"] = current if allocation is None else {**stamp, **current}
        holder = {"resource": "pods", "name": self._pod.key.name, "uid": self._pod.uid}
        status["reservedFor"] = [*(status.get("reservedFor") or ()), holder]
        return convert(ResourceClaim, await client.update(RESOURCECLAIMS, fresh, subresource="status"))


async def release(client: Client, claim: ResourceClaim, uid: str) -> None:
    """The Pod holds the claim no longer; that is no error where it did not."""
    patch = {
        "metadata": {"uid": claim.metadata.uid},
        "status": {"reservedFor": [{"$patch": "delete", "uid": uid}]},
    }
    try:
        await client.patch(
            RESOURCECLAIMS,
            claim.metadata.name,
            patch,
            claim.metadata.namespace,
            type=Patch.STRATEGIC,
            subresource="status",
        )
    except (errors.NotFound, errors.Conflict, errors.Invalid):
        return


async def delete_claim(client: Client, claim: ResourceClaim) -> None:
    """Take a claim away that was made for one attempt to place a Pod; raises Conflict if others keep changing it."""
    await _insist(lambda: _delete(client, claim))


async def _delete(client: Client, claim: ResourceClaim) -> None:
    meta = claim.metadata
    try:
        fresh = await client.get(RESOURCECLAIMS, meta.name, meta.namespace)
        if fresh["metadata"].get("uid") != meta.uid:
            return
        finalizers = fresh["metadata"].get("finalizers") or []
        if FINALIZER in finalizers:
            fresh["metadata"]["finalizers"] = [one for one in finalizers if one != FINALIZER]
            await client.update(RESOURCECLAIMS, fresh)
        await client.delete(RESOURCECLAIMS, meta.name, meta.namespace, uid=meta.uid)
    except errors.NotFound:
        return


async def deallocate(client: Client, claim: ResourceClaim) -> None:
    """Take back what a claim has that nobody uses, so that it may get something elsewhere.

    Raises Conflict when the claim is not any more what was decided on: then somebody may use it.
    """
    meta = claim.metadata
    try:
        fresh = await client.get(RESOURCECLAIMS, meta.name, meta.namespace)
        if fresh["metadata"]["resourceVersion"] != meta.resource_version:
            raise errors.Conflict.modified(RESOURCECLAIMS, meta.name)
        fresh["status"] = {}
        await client.update(RESOURCECLAIMS, fresh, subresource="status")
    except errors.NotFound:
        return


async def _insist(attempt: Callable[[], Awaitable[T]]) -> T:
    """Look again and write again while others are quicker, but not for ever."""
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except errors.Conflict:
            continue
    return await attempt()
