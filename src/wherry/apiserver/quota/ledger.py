"""What the quotas of all namespaces allow and what is used of them, from the stored objects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from wherry.api import Obj
from wherry.api.core.quotaspec.books import Books
from wherry.api.core.quotaspec.usage import DEVICE_CLAIMS, needs_object
from wherry.api.core.resourcequota import RESOURCEQUOTAS
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.errors import Forbidden
from wherry.api.registry import Registry
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.attributes import Reader
from wherry.apiserver.quota.booking import Booking, Held
from wherry.lib.clock import Clock
from wherry.watchcache.item import Item

_NOTHING: Obj = {"metadata": {}}
"""Stands for objects of which nobody needs to know what is in them."""


class Ledger:
    """Of one control plane. It costs nothing where there are no quotas."""

    __slots__ = ("_books", "_held", "_reader", "_registry")

    def __init__(self, reader: Reader, registry: Registry, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._books = Books(self, clock.time)
        self._held: Held = {}

    def open(self) -> None:
        """Take over what quotas there are, and hear of every change from now on."""
        for item in self._reader.list(RESOURCEQUOTAS):
            self._hear_quota(None, item)
        self._reader.observe(RESOURCEQUOTAS, self._hear_quota)

    def concerns(self, namespace: str) -> bool:
        return namespace in self._books.namespaces

    def book(
        self, resource: Resource, namespace: str, new: Obj, old: Obj | Item | None, *, dry_run: bool
    ) -> Booking | None:
        """Book what a write uses; raises Forbidden if some quota does not allow it."""
        if isinstance(old, Item):
            old = versions.read(resource, old)
        if old is not None and new.get("spec") == old.get("spec"):
            return None
        kind, name = resource.group_resource, new["metadata"].get("name") or ""
        now = self._books.now()
        shares = []
        for account in self._books.namespaces[namespace].values():
            if kind not in account.kinds or not self._books.is_followed(kind):
                continue
            more = account.more(kind, new, old, now)
            if more is None or (old is not None and not more):
                continue
            self._books.settle(namespace, account)
            if refusal := account.refusal(kind, new, more):
                raise Forbidden.of(resource, name, refusal)
            shares.append((account, more))
        if dry_run or not any(more for _, more in shares):
            return None
        booking = Booking(self._held, namespace, (kind, name), new, old)
        for account, more in shares:
            booking.reserve(account, more)
        return booking

    def follow(self, kind: str) -> bool:
        """See `Source`."""
        resource = self._resource(kind)
        if resource is not None:
            self._reader.observe(resource, partial(self._hear, kind, resource))
        if resource is RESOURCECLAIMS:
            self._reader.observe(DEVICECLASSES, self._hear_class)
        return resource is not None

    def objects(self, kind: str, namespace: str) -> Iterable[tuple[str, Obj]]:
        """See `Source`."""
        resource = self._resource(kind)
        items = self._reader.list(resource, namespace) if resource is not None else ()
        return [(item.name, _read(kind, item)) for item in items]

    def find(self, kind: str, namespace: str, name: str) -> Obj | None:
        """See `Source`."""
        resource = self._resource(kind)
        item = self._reader.get(resource, namespace, name) if resource is not None else None
        return None if item is None else _read(kind, item)

    def called(self, device_class: str) -> str:
        """See `Source`."""
        item = self._reader.get(DEVICECLASSES, "", device_class)
        return "" if item is None else (item.decode().get("spec") or {}).get("extendedResourceName") or ""

    def _resource(self, kind: str) -> Resource | None:
        plural, _, group = kind.partition(".")
        return self._registry.preferred(group, plural)

    def _hear(self, kind: str, resource: Resource, before: Item | None, after: Item | None) -> None:
        item = after if after is not None else before
        if item is None or item.namespace not in self._books.namespaces:
            return
        for booking in tuple(self._held.get(item.namespace, {}).get((kind, item.name), ())):
            booking.end()
        self._books.hear(kind, item.namespace, item.name, partial(_read, kind, after) if after is not None else None)

    def _hear_class(self, _before: Item | None, _after: Item | None) -> None:
        self._books.refresh(DEVICE_CLAIMS)

    def _hear_quota(self, before: Item | None, after: Item | None) -> None:
        item = after if after is not None else before
        assert item is not None
        if after is None:
            self._books.close(item.namespace, item.name)
            return
        spec = versions.read(RESOURCEQUOTAS, after).get("spec") or {}
        if before is not None and (versions.read(RESOURCEQUOTAS, before).get("spec") or {}) == spec:
            return
        account = self._books.open(item.namespace, item.name, spec)
        for bookings in self._held.get(item.namespace, {}).values():
            for booking in bookings:
                more = account.more(booking.entry[0], booking.new, booking.old, self._books.now())
                if more:
                    booking.reserve(account, more)


def _read(kind: str, item: Item) -> Obj:
    return item.decode() if needs_object(kind) else _NOTHING
