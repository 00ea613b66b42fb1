"""What the verbs work with, and what passes between them: `Core`, `Call`, `Outcome`.

Everything that belongs to one control plane travels in one value, so that nothing is global and hundreds of control
planes fit in a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.errors import RequestEntityTooLarge
from wherry.api.features import DEFAULTS, Features
from wherry.api.registry import Registry
from wherry.api.resource import Resource
from wherry.api.withholding import Withheld
from wherry.apiserver.aside import Aside
from wherry.apiserver.attributes import Observer, Plugin, Reader, User
from wherry.apiserver.encode import decode, encode
from wherry.apiserver.gate import Gate, Witness
from wherry.apiserver.ids import Ids
from wherry.apiserver.options import FieldValidation
from wherry.lib.clock import Clock, format_time
from wherry.lib.tasks import Tasks
from wherry.store import Revision, Store, Write
from wherry.watchcache.cache import WatchCache
from wherry.watchcache.item import Item
from wherry.watchcache.kindcache import KindCache
from wherry.watchcache.window import DELETED, Event

MAX_STORED = 6 << 20
"""Bytes of a stored object: twice what a request may bring, for what defaults and managed fields add."""


class Claim(Protocol):
    """What one write is given from what objects share (addresses, ports), until the write's fate is known."""

    def give(self, new: Obj, old: Obj | None) -> None:
        """Complete `new`, after admission and before it is prepared and validated; raises what the writer is told.

        Asked again when another writer was quicker: what was given for the attempt before is given back first.
        """
        ...

    def follow(self, write: asyncio.Future[Any]) -> None:
        """The write has been ordered: it will be carried out even if its writer gives up waiting for it."""
        ...

    def release(self) -> None:
        """The writer is done, whatever happened; what was stored is known from the cache by then."""
        ...


class Booking(Claim, Protocol):
    """What one write will use of what a namespace may use altogether."""

    def call(self, name: str) -> None:
        """The object gets another name: the one it was to have is taken."""
        ...


class Quotas(Protocol):
    """Says no to what would be too much."""

    def concerns(self, namespace: str) -> bool:
        """Whether anything is limited there; asked for every write."""
        ...

    def book(
        self, resource: Resource, namespace: str, new: Obj, old: Obj | Item | None, *, dry_run: bool
    ) -> Booking | None:
        """After admission and validation: what the write uses, None for nothing; raises Forbidden for too much."""
        ...


Allocators: TypeAlias = Mapping[Resource, Callable[[], Claim]]
"""For kinds whose objects are given something: what makes the claim of one request."""


class Core(Struct, frozen=True):
    """One control plane's storage, time, chance and rules."""

    store: Store
    cache: WatchCache
    clock: Clock
    ids: Ids
    registry: Registry
    reader: Reader
    mutating: tuple[Plugin, ...] = ()
    validating: tuple[Plugin, ...] = ()
    allocators: Allocators = field(default_factory=dict)
    aside: Aside = field(default_factory=Aside)
    """Does what takes long without making others wait."""
    tasks: Tasks = field(default_factory=lambda: Tasks("api"))
    """Owns what the API does for nobody in particular: conversions of watched events, the care for custom kinds."""
    quotas: Quotas | None = None
    features: Features = DEFAULTS
    withheld: Withheld = field(default_factory=lambda: Withheld(DEFAULTS))
    """What of objects belongs to features that are off."""
    gate: Gate | None = None
    """What tests put before every verb."""
    witness: Witness | None = None
    """Hears of every write and of what is refused, where a test wants to know who did what."""

    def kind(self, resource: Resource) -> KindCache:
        return self.cache.kind(resource.key_prefix)

    def now(self) -> str:
        return format_time(self.clock.time())

    def claim(self, resource: Resource) -> Claim | None:
        """What a request that writes an object of this kind needs; None for most kinds."""
        allocator = self.allocators.get(resource)
        return None if allocator is None else allocator()

    def book(self, call: Call, resource: Resource, namespace: str, new: Obj, old: Obj | Item | None) -> Booking | None:
        """What a write that has been admitted uses of its namespace's quotas; None for nearly all."""
        quotas = self.quotas
        if quotas is None or not quotas.concerns(namespace):
            return None
        return quotas.book(resource, namespace, new, old, dry_run=call.dry_run)

    def write(
        self, call: Call, resource: Resource, before: Item | None, write: Write, *claims: Claim | None
    ) -> asyncio.Future[Revision]:
        """Order a write that changes `before`; what it was given is kept for it until it has been carried out.

        Raises RequestEntityTooLarge for more than can be kept.
        """
        if write.value is not None and len(write.value) > MAX_STORED:
            raise RequestEntityTooLarge(f"Request entity too large: limit is {MAX_STORED}")
        ordered = self.store.write(write)
        is_followed = self.witness is not None
        if self.witness is not None:
            self.witness.ordered(call, resource, before, write, ordered)
        for claim in claims:
            if claim is not None:
                claim.follow(ordered)
                is_followed = True
        # Whoever awaits it may go away; it is carried out all the same, and who follows it has to hear of that.
        return asyncio.shield(ordered) if is_followed else ordered


class Call(Struct):
    """On whose behalf and how a write is made; collects the warnings for the answer."""

    user: User
    dry_run: bool = False
    validation: FieldValidation = FieldValidation.IGNORE
    manager: str = ""
    """The name under which the writer owns fields."""
    verb: str = ""
    subresource: str = ""
    """What was asked for, for whoever wants to know by what an object was written."""
    is_applied: bool = False
    """Whether the object that is written has its entries of managed fields already, from a server-side apply."""
    size: int = 0
    """How many bytes of JSON the request's body has, or what is as much work."""
    in_order: Callable[[list[str]], list[str]] = list
    """Puts what is said of fields into the order of the body that they came in."""
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


class Outcome(Struct):
    """What a verb answers, encoded or decoded or both; the one is made of the other when somebody wants it."""

    made: bytes | None
    """The answer's bytes, where they were made in passing."""
    obj: Obj | None = None
    """Belongs to the caller."""
    code: int = 200

    def decoded(self) -> Obj:
        if self.obj is None:
            assert self.made is not None
            self.obj = decode(self.made)
        return self.obj

    @property
    def data(self) -> bytes:
        """The answer's bytes."""
        if self.made is None:
            assert self.obj is not None
            self.made = encode(self.obj)
        return self.made


class CacheReader:
    """The watch cache as authorization and admission see it."""

    __slots__ = ("_cache",)

    def __init__(self, cache: WatchCache) -> None:
        self._cache = cache

    def get(self, resource: Resource, namespace: str, name: str) -> Item | None:
        return self._cache.kind(resource.key_prefix).get(namespace, name)

    def list(self, resource: Resource, namespace: str = "") -> Sequence[Item]:
        return self._cache.kind(resource.key_prefix).items(namespace)

    def observe(self, resource: Resource, observer: Observer) -> None:
        def hear(event: Event) -> None:
            observer(event.prev, None if event.type == DELETED else event.item)

        self._cache.kind(resource.key_prefix).add_handler(hear)
