"""GET of one object: a look-up in the watch cache, whose bytes are the answer."""

from __future__ import annotations

from wherry.api.errors import NotFound
from wherry.api.resource import Resource
from wherry.apiserver.core import Core
from wherry.watchcache.item import Item


def get(core: Core, resource: Resource, namespace: str, name: str) -> Item:
    item = core.cache.kind(resource.key_prefix).get(namespace, name)
    if item is None:
        raise NotFound.of(resource, name)
    return item
