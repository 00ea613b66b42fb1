"""Stored objects without a store: what authorization and admission look at, as a plain table."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.apiserver.attributes import Observer
from wherry.store import Revision
from wherry.watchcache.item import Item, stamp


class Objects:
    """A `Reader` over objects that the test puts in and takes out."""

    def __init__(self) -> None:
        self._items: dict[str, dict[tuple[str, str], Item]] = {}
        self._observers: dict[str, list[Observer]] = {}
        self._revision = 0

    def get(self, resource: Resource, namespace: str, name: str) -> Item | None:
        return self._items.get(resource.key_prefix, {}).get((namespace, name))

    def list(self, resource: Resource, namespace: str = "") -> Sequence[Item]:
        items = self._items.get(resource.key_prefix, {})
        return [item for key, item in sorted(items.items()) if not namespace or key[0] == namespace]

    def observe(self, resource: Resource, observer: Observer) -> None:
        self._observers.setdefault(resource.key_prefix, []).append(observer)

    def put(self, resource: Resource, obj: Obj) -> Item:
        """Store an object, new or changed; observers hear of it at once."""
        self._revision += 1
        metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
        head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        data = stamp(msgspec.json.encode({**head, **obj, "metadata": metadata}), Revision(self._revision))
        namespace = metadata.get("namespace", "") if resource.is_namespaced else ""
        item = Item(namespace, metadata["name"], Revision(self._revision), data)
        items = self._items.setdefault(resource.key_prefix, {})
        before = items.get((namespace, item.name))
        items[namespace, item.name] = item
        self._tell(resource, before, item)
        return item

    def drop(self, resource: Resource, namespace: str, name: str) -> None:
        """Remove an object; observers hear of it at once."""
        self._tell(resource, self._items[resource.key_prefix].pop((namespace, name)), None)

    def _tell(self, resource: Resource, before: Item | None, after: Item | None) -> None:
        for observer in self._observers.get(resource.key_prefix, ()):
            observer(before, after)
