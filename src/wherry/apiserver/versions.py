"""Kinds that are kept in another version than the one asked for (HPA v1 is kept as v2, Events are shared).

For all other kinds these functions hand through what is cached.
"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.apiserver.encode import encode
from wherry.watchcache.item import Item


def read(resource: Resource, item: Item) -> Obj:
    """A fresh copy of the object in the version of `resource`."""
    obj = item.decode()
    return resource.from_storage(obj) if resource.from_storage is not None else obj


def present(resource: Resource, item: Item) -> bytes:
    """The object's bytes in the version of `resource`."""
    return item.data if resource.from_storage is None else encode(resource.from_storage(item.decode()))


def stored(resource: Resource, obj: Obj) -> bytes:
    """The bytes to be kept for an object without resourceVersion."""
    return encode(obj if resource.to_storage is None else resource.to_storage(obj))
