"""Which kind is meant by a name, as kubectl understands names: `deploy`, `Deployment`, `deployments.apps`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from wherry.api import Obj
from wherry.api.registry import Registry
from wherry.api.resource import Resource
from wherry.testing.kindnames import kind_names

Kind: TypeAlias = str | Resource
"""A name, or the kind itself where the program knows it."""


class UnknownKind(LookupError):
    """Nothing that is served has that name."""

    def __str__(self) -> str:
        return f"{self.args[0]}; if a CustomResourceDefinition is to define it, apply that first"


class Kinds:
    """The names of everything that a registry serves, made anew when that changes."""

    __slots__ = ("_names", "_registry", "_revision")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._revision = -1
        self._names: dict[str, Resource] = {}

    def find(self, kind: Kind) -> Resource:
        """The kind of a name; raises UnknownKind."""
        if isinstance(kind, Resource):
            return kind
        if self._revision != self._registry.revision:
            self._names = self._read()
            self._revision = self._registry.revision
        found = self._names.get(kind.lower())
        if found is None:
            raise UnknownKind(f"no kind is called {kind!r}")
        return found

    def of(self, obj: Obj) -> Resource:
        """The kind that an object says it is of; raises UnknownKind."""
        api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
        if not api_version or not kind:
            raise UnknownKind(f"an object says its apiVersion and kind: {api_version!r} and {kind!r} name none")
        found = self._registry.by_kind(api_version, kind)
        if found is None:
            raise UnknownKind(f"no kind {kind!r} in {api_version!r}")
        return found

    def target(self, text: str) -> tuple[Resource, str]:
        """(kind, name) of `deployment/web`; the name is empty where only a kind stands."""
        kind, _, name = text.partition("/")
        return self.find(kind), name

    def _read(self) -> dict[str, Resource]:
        names: dict[str, Resource] = {}
        for resource in self._in_order():
            for name in kind_names(resource):
                names.setdefault(name, resource)
        return names

    def _in_order(self) -> Iterator[Resource]:
        """Every kind, groups as discovery has them, preferred versions first: of two namesakes the first is meant."""
        for group in self._registry.groups():
            for version in self._registry.versions(group):
                yield from (resource for resource in self._registry.resources(group, version) if resource.is_served)
