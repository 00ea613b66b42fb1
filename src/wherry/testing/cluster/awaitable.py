"""`AsyncCluster`: the cluster for tests that are coroutines themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from wherry.api import Obj
from wherry.testing.cluster.client import AsyncApi, AsyncCaller
from wherry.testing.cluster.core import MANAGER, Core
from wherry.testing.cluster.kinds import Kind
from wherry.testing.cluster.manifests import Source
from wherry.testing.cluster.options import ClockMode, Options, Snapshot
from wherry.testing.cluster.sync import WAIT_SECONDS, ClockFace
from wherry.testing.cluster.threads import LoopThread
from wherry.testing.cluster.verbs import Verbs
from wherry.testing.eventloop import SettlingLoop

T = TypeVar("T")


class AsyncCluster:
    """As `Cluster`, awaitable: on the caller's own loop if that is a `SettlingLoop`, else on one in a thread."""

    def __init__(self, *, clock: ClockMode = "real", seed: int = 0, start: float | None = None) -> None:
        self._set_up(Core(Options(clock=clock, seed=seed, start=start)))

    def _set_up(self, core: Core) -> None:
        self._core = core
        self._thread: LoopThread | None = None
        self._verbs = Verbs(core)
        self.clock = AsyncClusterClock(core, self._call)

    async def start(self) -> Self:
        if not isinstance(asyncio.get_running_loop(), SettlingLoop):
            self._thread = LoopThread("wherry cluster")
        try:
            await self._call(self._core.open)
        except BaseException:
            self._end_thread()
            raise
        return self

    async def close(self) -> None:
        if self._core.is_open:
            await self._call(self._core.close)
            self._end_thread()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def client(self, namespace: str = "default") -> AsyncApi:
        return AsyncApi(self._core, self._call, namespace)

    async def apply(
        self, source: Source, *, namespace: str | None = None, manager: str = MANAGER, force: bool = True
    ) -> list[Obj]:
        return await self.client().apply(source, namespace=namespace, manager=manager, force=force)

    async def wait(
        self,
        target: Kind,
        goal: str | Callable[[Obj], Any] = "",
        *,
        name: str = "",
        namespace: str | None = None,
        selector: str = "",
        timeout: float = WAIT_SECONDS,
    ) -> Obj:
        found = await self._call(lambda: self._verbs.wait(target, name, goal, namespace, selector, timeout))
        return found[0] if found else {}

    async def events(self, about: Obj | None = None, *, namespace: str | None = None) -> Sequence[Obj]:
        return await self._call(lambda: self._verbs.events(about, namespace))

    async def settle(self) -> None:
        await self._call(self._core.settle)

    async def snapshot(self) -> Snapshot:
        return await self._call(self._core.snapshot)

    async def restore(self, snapshot: Snapshot) -> None:
        await self._call(lambda: self._core.restore(snapshot))

    def fork(self, snapshot: Snapshot) -> AsyncCluster:
        """Another cluster that begins as this one was."""
        forked = type(self).__new__(type(self))
        forked._set_up(self._core.fork(snapshot))
        return forked

    async def kubeconfig(self) -> Path:
        return (await self._call(self._core.serving)).kubeconfig

    async def url(self) -> str:
        return (await self._call(self._core.serving)).url

    async def _call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._thread is None:
            return await make()
        return await self._thread.call_async(make)

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._thread.close()
            self._thread = None


class AsyncClusterClock(ClockFace):
    """The hands of a cluster's clock."""

    def __init__(self, core: Core, call: AsyncCaller) -> None:
        super().__init__(core)
        self._call = call

    async def advance(
        self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0
    ) -> None:
        """Let time pass: whatever falls due happens in its order, each at its moment, with all that follows from it."""
        span = self._span(seconds, minutes, hours, days)
        await self._call(lambda: self._core.advance(span))
