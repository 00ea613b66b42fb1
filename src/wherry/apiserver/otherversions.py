"""An object as other versions of its kind show it, for entries of managed fields that speak of those.

Field management is a calculation and does not wait. Where versions are changed by a converter that has to be asked, a
calculation that misses an answer raises `Unanswered`; `answered` asks, and calculates again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wherry.api import Obj
from wherry.api.registry import Registry
from wherry.api.resource import Resource
from wherry.api.schema.nodes import Node
from wherry.apiserver.encode import copy, encode_any

T = TypeVar("T")


class Unanswered(Exception):
    """A conversion that nobody has asked for yet."""

    def __init__(self, obj: Obj, api_version: str) -> None:
        super().__init__(f"{obj['kind']} in {api_version}")
        self.obj = obj
        self.api_version = api_version


class OtherVersions:
    """The versions of a resource that are known. See `api.managedfields.updating.Versions`."""

    __slots__ = ("_answers", "_registry", "_resource")

    def __init__(self, registry: Registry, resource: Resource) -> None:
        self._registry = registry
        self._resource = resource
        self._answers: dict[tuple[str, bytes], Obj] = {}

    def node(self, api_version: str) -> Node | None:
        found = self._find(api_version)
        return None if found is None else found.schema.node

    def convert(self, obj: Obj, api_version: str) -> Obj:
        source, target = self._find(obj["apiVersion"]), self._find(api_version)
        assert source is not None
        assert target is not None
        if self._resource.converter is not None:
            kept = self._answer(obj, api_version)
        else:
            kept = copy(obj)
            if source.to_storage is not None:
                kept = source.to_storage(kept)
        return kept if target.from_storage is None else target.from_storage(kept)

    async def ask(self, question: Unanswered) -> None:
        """Ask the converter; raises what it raises."""
        assert self._resource.converter is not None
        [answer] = await self._resource.converter.convert([copy(question.obj)], question.api_version)
        self._answers[question.api_version, encode_any(question.obj)] = answer

    def _answer(self, obj: Obj, api_version: str) -> Obj:
        answer = self._answers.get((api_version, encode_any(obj)))
        if answer is None:
            raise Unanswered(obj, api_version)
        return copy(answer)

    def _find(self, api_version: str) -> Resource | None:
        if api_version == self._resource.api_version:
            return self._resource
        found = self._registry.by_kind(api_version, self._resource.kind)
        return found if found is not None and found.key_prefix == self._resource.key_prefix else None


async def answered(versions: OtherVersions, calculate: Callable[[], T]) -> T:
    """The result of a calculation, once all its questions have been answered."""
    while True:
        try:
            return calculate()
        except Unanswered as question:
            await versions.ask(question)
