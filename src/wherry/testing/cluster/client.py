"""Clients by the names of kinds: no resources to look up, no classes to import, plain objects in and out.

    api = cluster.client()
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}})
    api.get("configmap", "a")["data"]          # or api.get("cm/a")
    api.patch("deploy/web", {"spec": {"replicas": 3}})
    for event in api.watch("pods"): ...

Errors are those of `wherry.api.errors`, one class per reason. `namespace` is the client's own where none is named; "*"
are all of them. When a call returns, everything that it has set in motion in the cluster is over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from wherry.api import Obj
from wherry.client import WatchEvent
from wherry.testing.cluster.core import MANAGER, Core
from wherry.testing.cluster.kinds import Kind
from wherry.testing.cluster.manifests import Source
from wherry.testing.cluster.verbs import Objects, PatchType, Verbs, Watching

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line instead of ours.
T_co = TypeVar("T_co", covariant=True)
_WATCH_TIMEOUT = 10.0


class Caller(Protocol):
    """Runs a coroutine on the cluster's loop, and waits for it."""

    def __call__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T: ...


class AsyncCaller(Protocol):
    """Has a coroutine run on the cluster's loop."""

    def __call__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]: ...


class Api:
    """The synchronous client."""

    def __init__(self, core: Core, call: Caller, namespace: str = "default") -> None:
        self._core, self._call = core, call
        self._verbs = Verbs(core, namespace)

    def get(self, kind: Kind, name: str = "", *, namespace: str | None = None, subresource: str = "") -> Obj:
        """One object; `get("deployment/web")` and `get("deployment", "web")` are the same. Raises NotFound."""
        return self._act(lambda: self._verbs.get(kind, name, namespace, subresource))

    def list(
        self, kind: Kind, *, namespace: str | None = None, label_selector: str = "", field_selector: str = ""
    ) -> Objects:
        """All objects of a kind in a namespace ("*": in all of them)."""
        return self._act(lambda: self._verbs.list(kind, namespace, label_selector, field_selector))

    def create(self, obj: Obj, *, namespace: str | None = None) -> Obj:
        return self._act(lambda: self._verbs.create(obj, namespace))

    def create_sub(self, kind: Kind, name: str, subresource: str, body: Obj, *, namespace: str | None = None) -> Obj:
        """POST to what lies below an object: `create_sub("pod", "p", "eviction", {...})`."""
        return self._act(lambda: self._verbs.create_sub(kind, name, subresource, body, namespace))

    def update(self, obj: Obj, *, subresource: str = "") -> Obj:
        """Replace an object; raises Conflict when it has changed since it was read."""
        return self._act(lambda: self._verbs.update(obj, subresource))

    def patch(
        self,
        kind: Kind,
        name: str | Obj | Sequence[Obj],
        patch: Obj | Sequence[Obj] | None = None,
        *,
        namespace: str | None = None,
        type: PatchType = "merge",
        subresource: str = "",
    ) -> Obj:
        """Change parts of an object: `patch("deploy/web", {...})` or `patch("deploy", "web", {...})`."""
        who, what = split_patch(name, patch)
        return self._act(lambda: self._verbs.patch(kind, who, what, namespace, type, subresource))

    def apply(
        self, source: Source, *, namespace: str | None = None, manager: str = MANAGER, force: bool = True
    ) -> Objects:
        """Server-side apply of all objects in files, texts, dicts and lists of them."""
        return self._act(lambda: self._verbs.apply(source, namespace, manager, force))

    def delete(
        self,
        kind: Kind,
        name: str = "",
        *,
        namespace: str | None = None,
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Obj:
        return self._act(lambda: self._verbs.delete(kind, name, namespace, propagation, grace_seconds))

    def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        timeout: float = _WATCH_TIMEOUT,
    ) -> Watch:
        """What there is, then every change. Iteration ends once nothing has come for `timeout` seconds."""

        async def begin() -> Watching:
            return self._verbs.watch(kind, namespace, label_selector, field_selector)

        return Watch(self._act(begin), self._call, timeout)

    def _act(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._call(lambda: self._core.act(make))


class AsyncApi:
    """The same client, awaitable. See `Api`."""

    def __init__(self, core: Core, call: AsyncCaller, namespace: str = "default") -> None:
        self._core, self._call = core, call
        self._verbs = Verbs(core, namespace)

    async def get(self, kind: Kind, name: str = "", *, namespace: str | None = None, subresource: str = "") -> Obj:
        return await self._act(lambda: self._verbs.get(kind, name, namespace, subresource))

    async def list(
        self, kind: Kind, *, namespace: str | None = None, label_selector: str = "", field_selector: str = ""
    ) -> Objects:
        return await self._act(lambda: self._verbs.list(kind, namespace, label_selector, field_selector))

    async def create(self, obj: Obj, *, namespace: str | None = None) -> Obj:
        return await self._act(lambda: self._verbs.create(obj, namespace))

    async def create_sub(
        self, kind: Kind, name: str, subresource: str, body: Obj, *, namespace: str | None = None
    ) -> Obj:
        return await self._act(lambda: self._verbs.create_sub(kind, name, subresource, body, namespace))

    async def update(self, obj: Obj, *, subresource: str = "") -> Obj:
        return await self._act(lambda: self._verbs.update(obj, subresource))

    async def patch(
        self,
        kind: Kind,
        name: str | Obj | Sequence[Obj],
        patch: Obj | Sequence[Obj] | None = None,
        *,
        namespace: str | None = None,
        type: PatchType = "merge",
        subresource: str = "",
    ) -> Obj:
        who, what = split_patch(name, patch)
        return await self._act(lambda: self._verbs.patch(kind, who, what, namespace, type, subresource))

    async def apply(
        self, source: Source, *, namespace: str | None = None, manager: str = MANAGER, force: bool = True
    ) -> Objects:
        return await self._act(lambda: self._verbs.apply(source, namespace, manager, force))

    async def delete(
        self,
        kind: Kind,
        name: str = "",
        *,
        namespace: str | None = None,
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Obj:
        return await self._act(lambda: self._verbs.delete(kind, name, namespace, propagation, grace_seconds))

    async def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        timeout: float = _WATCH_TIMEOUT,
    ) -> AsyncIterator[WatchEvent]:
        async def begin() -> Watching:
            return self._verbs.watch(kind, namespace, label_selector, field_selector)

        watching = await self._act(begin)
        try:
            while (event := await self._call(lambda: watching.next(timeout))) is not None:
                yield event
        finally:
            await self._call(watching.close)

    async def _act(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._call(lambda: self._core.act(make))


class Watch:
    """The events of a watch: iterate, or `take` what has come so far. Ends with its `with` statement, or `close`."""

    def __init__(self, watching: Watching, call: Caller, timeout: float) -> None:
        self._watching, self._call, self._timeout = watching, call, timeout

    def take(self) -> list[WatchEvent]:
        """What has come since the last time; never waits."""
        return self._call(self._watching.take)

    def close(self) -> None:
        self._call(self._watching.close)

    def __iter__(self) -> Iterator[WatchEvent]:
        while (event := self._call(lambda: self._watching.next(self._timeout))) is not None:
            yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def split_patch(name: str | Obj | Sequence[Obj], patch: Obj | Sequence[Obj] | None) -> tuple[str, Obj | Sequence[Obj]]:
    """(name, patch) of the two ways to say it; the name may stand in the kind."""
    if patch is not None:
        if not isinstance(name, str):
            raise TypeError("the name comes before the patch")
        return name, patch
    if isinstance(name, str):
        raise TypeError("the patch is missing")
    return "", name
