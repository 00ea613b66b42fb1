"""`AsyncCluster`: the cluster for tests that are coroutines themselves."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from wherry.api import Obj
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.testing.cluster.client import AsyncApi
from wherry.testing.cluster.core import MANAGER, Core
from wherry.testing.cluster.elsewhere import running_loop
from wherry.testing.cluster.hands import AsyncClusterClock
from wherry.testing.cluster.kinds import Kind
from wherry.testing.cluster.manifests import Source, read_objects
from wherry.testing.cluster.nodes import Behaving, ClusterNodes, Nodes, as_spec
from wherry.testing.cluster.options import ClockMode, Snapshot, options
from wherry.testing.cluster.threads import LoopThread
from wherry.testing.cluster.verbs import WAIT_SECONDS, Verbs
from wherry.testing.eventloop import SettlingLoop
from wherry.testing.history import Entries

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line instead of ours.


class AsyncCluster:
    """As `Cluster`, awaitable: on the caller's own loop if that is a `SettlingLoop`, else on one in a thread.

    The caller may be a task of asyncio's or of trio's.
    """

    def __init__(
        self,
        nodes: Nodes = 1,
        *,
        clock: ClockMode = "real",
        seed: int = 0,
        start: float | None = None,
        behave: Behaving | Sequence[Behaving] = (),
        storage: bool = True,
        stages: Source = (),
        features: Mapping[str, bool] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._set_up(Core(options(nodes, clock, seed, start, behave, storage, read_objects(stages, folder), features)))
        self._core.folder = folder

    def _set_up(self, core: Core) -> None:
        self._core = core
        self._thread: LoopThread | None = None
        self._is_guest = False
        self._verbs = Verbs(core)
        self.clock = AsyncClusterClock(core, self._call)
        self.faults = faults = core.faults
        self.slow, self.fail_next, self.conflict_next = faults.slow, faults.fail_next, faults.conflict_next

    @classmethod
    def over(cls, core: Core, thread: LoopThread) -> AsyncCluster:
        """A face of a cluster that is open already, in a thread that somebody else ends."""
        made = cls.__new__(cls)
        made._set_up(core)
        made._thread = thread
        made._is_guest = True
        return made

    async def start(self) -> Self:
        if self._core.is_open:
            raise RuntimeError("the cluster has begun already; `fork` makes another that begins as this one was")
        if not isinstance(running_loop(), SettlingLoop):
            self._thread = LoopThread("wherry cluster")
        try:
            await self._call(self._core.open)
        except BaseException:
            self._end_thread()
            raise
        return self

    async def close(self) -> None:
        if self._core.is_open and not self._is_guest:
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

    async def events(self, about: Obj | str | None = None, *, namespace: str | None = None) -> Sequence[Obj]:
        return await self._call(lambda: self._core.act(lambda: self._verbs.events(about, namespace)))

    async def history(
        self,
        *,
        kind: str = "*",
        namespace: str = "*",
        name: str = "*",
        verb: str = "*",
        who: str = "*",
        since: int = 0,
        refused: bool = False,
    ) -> Entries:
        async def read() -> Entries:
            words = {"namespace": namespace, "name": name, "verb": verb, "who": who, "since": since}
            return await self._core.entries(kind, refused=refused, **words)

        return await self._call(read)

    async def add_node(self, node: NodeSpec | str) -> None:
        await self._call(lambda: self._core.act(lambda: self._core.nodes.add(as_spec(node))))

    async def remove_node(self, name: str) -> None:
        await self._call(lambda: self._core.act(lambda: self._core.nodes.remove(name)))

    async def fail_node(self, name: str) -> None:
        await self._on_node(ClusterNodes.fail, name)

    async def partition(self, name: str) -> None:
        await self._on_node(ClusterNodes.partition, name)

    async def recover_node(self, name: str) -> None:
        await self._on_node(ClusterNodes.recover, name)

    async def settle(self) -> None:
        await self._call(self._core.settle)

    async def snapshot(self) -> Snapshot:
        return await self._call(self._core.snapshot)

    async def restore(self, snapshot: Snapshot) -> None:
        await self._call(lambda: self._core.restore(snapshot))

    async def restart(self) -> None:
        await self._call(self._core.restart)

    def fork(self, snapshot: Snapshot) -> AsyncCluster:
        """Another cluster that begins as this one was."""
        forked = type(self).__new__(type(self))
        forked._set_up(self._core.fork(snapshot))
        return forked

    async def kubeconfig(self) -> Path:
        return (await self._call(self._core.serving)).kubeconfig

    async def url(self) -> str:
        return (await self._call(self._core.serving)).url

    async def _on_node(self, act: Callable[[ClusterNodes, str], None], name: str) -> None:
        async def change() -> None:
            act(self._core.nodes, name)

        await self._call(lambda: self._core.act(change))

    async def _call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._thread is None:
            return await make()
        return await self._thread.call_async(make)

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._thread.close()
            self._thread = None
