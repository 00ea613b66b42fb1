"""Putting finalizers on objects and taking them off: one name at a time, whatever else is written meanwhile."""

from __future__ import annotations

from wherry.api import Obj, errors
from wherry.api.resource import Resource
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Client, Patch


async def add_finalizer(client: Client, resource: Resource, meta: ObjectMeta, name: str) -> None:
    """Put `name` on the very object that `meta` was read from, in the version that it was read in."""
    names = [*meta.finalizers, name]
    patch: Obj = {"metadata": {"finalizers": names, "resourceVersion": meta.resource_version}}
    await client.patch(resource, meta.name, patch, meta.namespace)


async def remove_finalizer(client: Client, resource: Resource, meta: ObjectMeta, name: str) -> None:
    """Take `name` off; that the object or the finalizer is gone is no error."""
    patch: Obj = {"metadata": {"$deleteFromPrimitiveList/finalizers": [name], "uid": meta.uid}}
    try:
        await client.patch(resource, meta.name, patch, meta.namespace, type=Patch.STRATEGIC)
    except errors.NotFound:
        return
