"""Carries out a claim: adopts orphans, releases strangers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.resource import Resource
from wherry.api.types.decoding import convert
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Client, Informer, Patch
from wherry.controllers.ownership import candidates, claim, controller_reference

R = TypeVar("R")
V = TypeVar("V")


async def claim_children(
    client: Client,
    owner: tuple[Resource, ObjectMeta],
    picks: Callable[[Mapping[str, str]], bool],
    resource: Resource,
    informer: Informer[V],
    is_candidate: Callable[[V], bool] = lambda _: True,
    is_member: Callable[[V], bool] = lambda _: True,
    *,
    finalizer: str = "",
) -> list[V]:
    """The children of `owner` among the informer's objects after adopting and releasing.

    What is no candidate is not looked at; a child that is no member is released, whatever its labels. A `finalizer` is
    put on what is adopted and taken off what is released. Adopted objects are returned as they are now.

    Raises the first failure, after all have been tried. Whoever counts children must not go on then: an owner that the
    API knows to be on its way out, while the cache does not, would make new ones.
    """
    owner_resource, metadata = owner
    looked_at = [view for view in candidates(informer, metadata) if is_candidate(view)]
    found = claim(metadata, picks, looked_at, is_member=is_member)
    change = _Change(client, owner_resource, metadata, resource, finalizer)
    mine = list(found.mine)
    if found.adopt:
        await change.attempt(change.confirm_owner())
    for view in found.adopt if not change.failures else ():
        adopted = await change.attempt(change.adopt(view.metadata))  # type: ignore[attr-defined]
        mine += [] if adopted is None else [convert(type(view), adopted)]
    for view in found.release:
        await change.attempt(change.release(view.metadata))  # type: ignore[attr-defined]
    if change.failures:
        raise change.failures[0]
    return mine


class _Change(Struct, frozen=True):
    """Makes children of one owner change hands."""

    client: Client
    owner_resource: Resource
    owner: ObjectMeta
    resource: Resource
    finalizer: str
    failures: list[errors.ApiError] = field(default_factory=list)

    async def attempt(self, step: Awaitable[R]) -> R | None:
        """What comes of a step; a failure is noted."""
        try:
            return await step
        except errors.ApiError as failure:
            self.failures.append(failure)
            return None

    async def confirm_owner(self) -> None:
        """Ask the API itself: a cached owner may have been deleted and made anew."""
        owner = self.owner
        found = (await self.client.get(self.owner_resource, owner.name, owner.namespace))["metadata"]
        if found["uid"] != owner.uid:
            raise errors.Conflict.of(self.owner_resource, owner.name, "it has been made anew and adopts nothing yet")
        if "deletionTimestamp" in found:
            raise errors.Conflict.of(self.owner_resource, owner.name, "it has just been deleted and adopts nothing")

    async def adopt(self, child: ObjectMeta) -> Obj | None:
        """The child as it is then; None when it is gone."""
        change: Obj = {"ownerReferences": [controller_reference(self.owner_resource, self.owner)], "uid": child.uid}
        if self.finalizer:
            change["finalizers"] = [self.finalizer]
        try:
            return await self._patch(child, change)
        except errors.NotFound:
            return None

    async def release(self, child: ObjectMeta) -> None:
        """That it is gone, or another bears its name, is no error."""
        change: Obj = {"ownerReferences": [{"$patch": "delete", "uid": self.owner.uid}], "uid": child.uid}
        if self.finalizer:
            change["$deleteFromPrimitiveList/finalizers"] = [self.finalizer]
        try:
            await self._patch(child, change)
        except (errors.NotFound, errors.Invalid):
            return

    async def _patch(self, child: ObjectMeta, change: Obj) -> Obj:
        patch = {"metadata": change}
        return await self.client.patch(self.resource, child.name, patch, child.namespace, type=Patch.STRATEGIC)
