"""A client whose informers show changes only when the test says so, as a remote one's may.

Only the verbs and informers that controllers use are passed on; writes are real and at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from wherry.api.resource import Resource
from wherry.client import Client, Handler, Informer, Key

T = TypeVar("T")


class LaggingInformer(Generic[T]):
    """Keeps its own state, fed by the real informer through a queue."""

    def __init__(self, real: Informer[T], waiting: deque[Callable[[], None]]) -> None:
        self._real = real
        self._shown: dict[Key, T] = {}
        self._handlers: list[Handler[T]] = []
        self._indexes: dict[str, Callable[[T], Iterable[str]]] = {}

        def later(old: T | None, new: T | None) -> None:
            waiting.append(lambda: self._show(old, new))

        real.add_handler(later)

    @property
    def resource(self) -> Resource:
        return self._real.resource

    async def wait_synced(self) -> None: ...

    def get(self, key: Key) -> T | None:
        return self._shown.get(key)

    def list(self, namespace: str = "") -> Iterable[T]:
        return [view for key, view in self._shown.items() if namespace in ("", key.namespace)]

    def add_index(self, name: str, keys: Callable[[T], Iterable[str]]) -> None:
        self._indexes[name] = keys

    def by_index(self, name: str, key: str) -> Iterable[T]:
        return [view for view in self._shown.values() if key in self._indexes[name](view)]

    def add_handler(self, handler: Handler[T]) -> None:
        for view in self._shown.values():
            handler(None, view)
        self._handlers.append(handler)

    def _show(self, old: Any, new: Any) -> None:
        metadata = (new if new is not None else old).metadata
        key = Key(metadata.namespace, metadata.name)
        before = self._shown.pop(key, None)
        if new is not None:
            self._shown[key] = new
        for handler in self._handlers:
            handler(before, new)


class LaggingClient:
    """A `Client` by delegation; `deliver` lets its informers catch up."""

    def __init__(self, real: Client) -> None:
        self._real = real
        self._waiting: deque[Callable[[], None]] = deque()
        self._informers: dict[tuple[Any, ...], LaggingInformer[Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def informer(self, resource: Resource, view: type[T], *, field_selector: str = "") -> LaggingInformer[T]:
        key = (resource, view, field_selector)
        if key not in self._informers:
            real = self._real.informer(resource, view, field_selector=field_selector)
            self._informers[key] = LaggingInformer(real, self._waiting)
        return self._informers[key]

    @property
    def waiting(self) -> int:
        """How many changes have not been shown yet."""
        return len(self._waiting)

    def deliver(self, count: int = 1_000_000) -> int:
        """Show the next `count` changes; returns how many there were."""
        shown = 0
        while self._waiting and shown < count:
            self._waiting.popleft()()
            shown += 1
        return shown
