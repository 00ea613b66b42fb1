"""What the verbs work with, and what passes between them: `Core`, `Call`, `Outcome`.

Everything that belongs to one control plane travels in one value, so that nothing is global and hundreds of control
planes fit in a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wherry.api import Obj
from wherry.api.registry import Registry
from wherry.api.resource import Resource
from wherry.apiserver.attributes import Observer, Plugin, Reader, User
from wherry.apiserver.encode import decode
from wherry.apiserver.ids import Ids
from wherry.apiserver.options import FieldValidation
from wherry.lib.clock import Clock, format_time
from wherry.lib.tasks import Tasks
from wherry.store import Store
from wherry.watchcache.cache import WatchCache
from wherry.watchcache.item import Item
from wherry.watchcache.kindcache import KindCache
from wherry.watchcache.window import DELETED, Event


@dataclass(frozen=True, slots=True)
class Core:
    """One control plane's storage, time, chance and rules."""

    store: Store
    cache: WatchCache
    clock: Clock
    ids: Ids
    registry: Registry
    reader: Reader
    mutating: tuple[Plugin, ...] = ()
    validating: tuple[Plugin, ...] = ()
    tasks: Tasks = field(default_factory=lambda: Tasks("api"))
    """Owns what the API does for nobody in particular: conversions of watched events, the care for custom kinds."""

    def kind(self, resource: Resource) -> KindCache:
        return self.cache.kind(resource.key_prefix)

    def now(self) -> str:
        return format_time(self.clock.time())


@dataclass(slots=True)
class Call:
    """On whose behalf and how a write is made; collects the warnings for the answer."""

    user: User
    dry_run: bool = False
    validation: FieldValidation = FieldValidation.IGNORE
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


@dataclass(slots=True)
class Outcome:
    """What a verb answers. At least one of `data` (encoded) and `obj` (decoded, belongs to the caller) is there."""

    data: bytes
    obj: Obj | None = None
    code: int = 200

    def decoded(self) -> Obj:
        if self.obj is None:
            self.obj = decode(self.data)
        return self.obj


class CacheReader:
    """The watch cache as authorization and admission see it."""

    __slots__ = ("_cache",)

    def __init__(self, cache: WatchCache) -> None:
        self._cache = cache

    def get(self, resource: Resource, namespace: str, name: str) -> Item | None:
        return self._cache.kind(resource.key_prefix).get(namespace, name)

    def list(self, resource: Resource, namespace: str = "") -> Sequence[Item]:
        return list(self._cache.kind(resource.key_prefix).items(namespace))

    def observe(self, resource: Resource, observer: Observer) -> None:
        def hear(event: Event) -> None:
            observer(event.prev, None if event.type == DELETED else event.item)

        self._cache.kind(resource.key_prefix).add_handler(hear)
