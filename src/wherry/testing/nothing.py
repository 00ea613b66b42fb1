"""A client of a cluster in which there is nothing: for decisions that are tested without an API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, cast

from wherry.api.resource import Resource
from wherry.client import Client, Handler, Informer, Key

T = TypeVar("T")


class _NoObjects(Generic[T]):
    """An informer that never hears of anything."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    @property
    def resource(self) -> Resource:
        return self._resource

    async def wait_synced(self) -> None: ...

    def get(self, key: Key) -> T | None:
        return None

    def list(self, namespace: str = "") -> Iterable[T]:
        return ()

    def add_index(self, name: str, keys: Callable[[T], Iterable[str]]) -> None: ...

    def by_index(self, name: str, key: str) -> Iterable[T]:
        return ()

    def add_handler(self, handler: Handler[T]) -> None: ...


class _Nothing:
    """Informers are all that there is of it; whoever reads or writes otherwise is told by the lack of a verb."""

    def informer(self, resource: Resource, view: type[T], *, field_selector: str = "") -> Informer[T]:
        return _NoObjects[T](resource)


def no_cluster() -> Client:
    """See above."""
    return cast(Client, cast(Any, _Nothing()))
