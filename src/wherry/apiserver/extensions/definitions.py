"""Follows the definitions of custom kinds, and keeps the registry true.

A definition is taken over in the moment its change is stored, before whoever wrote it is answered: who has seen that a
kind is established can use it. A definition whose status alone changed is left as it is, so that resources keep their
identity (and what is remembered by it) as long as they mean the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.meta.conditions import is_true
from wherry.api.resource import Converter, Lifetime, Resource
from wherry.apiserver.core import Core
from wherry.apiserver.extensions.kinds import kinds
from wherry.watchcache.item import Item

log = logging.getLogger(__name__)

_State = tuple[str, int, bytes, bool, bool]

MakeConverter = Callable[[Obj], Converter | None]
"""Who converts the objects of a definition; None where no one is asked."""


class _Served(Struct):
    """What came of one definition."""

    state: _State | None = None
    """What the resources were made from: equal means that they still hold."""
    resources: tuple[Resource, ...] = ()
    lifetimes: dict[str, Lifetime] = field(default_factory=dict)
    """By version, for as long as it is served."""


class Definitions:
    """The custom kinds of one API."""

    __slots__ = ("_core", "_make_converter", "_served")

    def __init__(self, core: Core, make_converter: MakeConverter) -> None:
        self._core = core
        self._make_converter = make_converter
        self._served: dict[str, _Served] = {}

    def open(self) -> None:
        """Serve what is there, and follow what happens from now on. The cache must be open."""
        self._core.reader.observe(CUSTOMRESOURCEDEFINITIONS, self._hear)
        for item in self._core.reader.list(CUSTOMRESOURCEDEFINITIONS):
            self._take(item)

    def _hear(self, before: Item | None, after: Item | None) -> None:
        if after is not None:
            self._take(after)
        elif before is not None and (served := self._served.pop(before.name, None)) is not None:
            self._serve(served, ())

    def _take(self, item: Item) -> None:
        try:
            glance = _glance(item.data)
            served = self._served.setdefault(item.name, _Served())
            if glance.state == served.state:
                return
            self._serve(served, self._resources(item.decode(), served) if glance.is_served else ())
            served.state = glance.state
        except Exception:  # A definition that an earlier or later release found sound must not keep the rest from us.
            log.exception("the definition %s cannot be served", item.name)

    def _resources(self, definition: Obj, served: _Served) -> Sequence[Resource]:
        made = kinds(definition, self._make_converter(definition), lambda v: served.lifetimes.get(v) or Lifetime())
        registry = self._core.registry
        return [each for each in made if not registry.is_builtin(each.group, each.version, each.plural)]

    def _serve(self, served: _Served, resources: Sequence[Resource]) -> None:
        """Put `resources` in the place of those before; watches of what has no successor end."""
        self._core.registry.replace(served.resources, resources)
        lifetimes = {each.version: each.lifetime for each in resources if each.lifetime is not None and each.is_served}
        ended = [each for version, each in served.lifetimes.items() if version not in lifetimes]
        for resource in resources:
            if resource.lifetime is not None:
                resource.lifetime.current = resource
        served.resources, served.lifetimes = tuple(resources), lifetimes
        for lifetime in ended:  # Watchers see the last events first, the deletion of all objects among them.
            lifetime.current = None
            self._core.cache.when_delivered(lifetime.end)


class _Metadata(msgspec.Struct):
    uid: str = ""
    generation: int = 0
    deletionTimestamp: str | None = None  # noqa: N815 - as it is written


class _Status(msgspec.Struct):
    acceptedNames: msgspec.Raw = msgspec.Raw(b"")  # noqa: N815
    conditions: list[dict[str, Any]] | None = None


class _Glance(msgspec.Struct):
    """What decides whether a definition has to be looked at: a small part of what may be a megabyte."""

    metadata: _Metadata
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def is_served(self) -> bool:
        conditions = self.status.conditions
        return is_true(conditions, "NamesAccepted") or is_true(conditions, "Established")

    @property
    def state(self) -> _State:
        """All that the resources of a definition depend on. The generation stands for the spec."""
        metadata = self.metadata
        names = bytes(self.status.acceptedNames)
        return metadata.uid, metadata.generation, names, self.is_served, metadata.deletionTimestamp is not None


_glance = msgspec.json.Decoder(_Glance).decode
