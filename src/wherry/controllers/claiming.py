"""Carries out a claim: adopts orphans, releases strangers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from wherry.api import errors
from wherry.api.resource import Resource
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Client, Informer, Patch
from wherry.controllers.ownership import candidates, claim, controller_reference

V = TypeVar("V")


async def claim_children(
    client: Client,
    owner: tuple[Resource, ObjectMeta],
    picks: Callable[[Mapping[str, str]], bool],
    resource: Resource,
    informer: Informer[V],
    is_candidate: Callable[[V], bool] = lambda _: True,
    is_member: Callable[[V], bool] = lambda _: True,
) -> list[V]:
    """The children of `owner` among the informer's objects after adopting and releasing.

    What is no candidate is not looked at; a child that is no member is released, whatever its labels.

    Adopted objects are returned as they were before: what they are is unchanged, only whose they are.
    """
    owner_resource, metadata = owner
    looked_at = [view for view in candidates(informer, metadata) if is_candidate(view)]
    found = claim(metadata, picks, looked_at, is_member=is_member)
    mine = list(found.mine)
    if found.adopt and await _may_adopt(client, owner_resource, metadata):
        for view in found.adopt:
            if await _adopt(client, owner_resource, metadata, resource, view.metadata):  # type: ignore[attr-defined]
                mine.append(view)
    for view in found.release:
        await _release(client, metadata, resource, view.metadata)  # type: ignore[attr-defined]
    return mine


async def _may_adopt(client: Client, resource: Resource, owner: ObjectMeta) -> bool:
    """Ask the API itself: a cached owner may have been deleted and made anew."""
    try:
        fresh = await client.get(resource, owner.name, owner.namespace)
    except errors.NotFound:
        return False
    return fresh["metadata"]["uid"] == owner.uid and "deletionTimestamp" not in fresh["metadata"]


async def _adopt(
    client: Client, owner_resource: Resource, owner: ObjectMeta, resource: Resource, child: ObjectMeta
) -> bool:
    patch = {"metadata": {"ownerReferences": [controller_reference(owner_resource, owner)], "uid": child.uid}}
    try:
        await client.patch(resource, child.name, patch, child.namespace, type=Patch.STRATEGIC)
    except (errors.NotFound, errors.Invalid):
        return False  # gone, or somebody else's by now
    return True


async def _release(client: Client, owner: ObjectMeta, resource: Resource, child: ObjectMeta) -> None:
    patch = {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": owner.uid}], "uid": child.uid}}
    try:
        await client.patch(resource, child.name, patch, child.namespace, type=Patch.STRATEGIC)
    except (errors.NotFound, errors.Invalid):
        return
