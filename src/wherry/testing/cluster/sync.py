"""`Cluster`: a whole control plane behind plain calls. See the package's front page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from wherry.api import Obj
from wherry.lib.collecting import uncollected
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.testing.cluster.awaitable import AsyncCluster
from wherry.testing.cluster.client import Api
from wherry.testing.cluster.core import MANAGER, Core
from wherry.testing.cluster.hands import ClusterClock
from wherry.testing.cluster.kinds import Kind
from wherry.testing.cluster.manifests import Source, read_objects
from wherry.testing.cluster.nodes import Behaving, ClusterNodes, Nodes, as_spec
from wherry.testing.cluster.options import ClockMode, Snapshot, options
from wherry.testing.cluster.threads import LoopThread
from wherry.testing.cluster.verbs import WAIT_SECONDS, Verbs
from wherry.testing.history import Entries

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line instead of ours.


class Cluster:
    """A Kubernetes cluster in this process, from `with` (or `start`) to the end of it (or `close`)."""

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
        """Say what it shall be like; it begins with `with` or `start`.

        Args:
            nodes: how many simulated nodes, or which.
            clock: whether time goes on by itself ("real") or stands still between calls ("manual").
            seed: where chance begins; with a manual clock, equal seeds and calls give equal histories.
            start: when time begins, in seconds since the epoch.
            behave: how Pods fare: functions of the Pod, or tables by image. The first that has an answer counts.
            storage: whether there is a default StorageClass (`standard`) whose claims get volumes.
            stages: kwok's Stages, in files or as objects, by which Pods and Nodes fare instead.
            features: features of Kubernetes to switch on or off: {"HPAScaleToZero": False}.
            folder: where relative paths of manifests are looked for before the working folder.
        """
        self._set_up(Core(options(nodes, clock, seed, start, behave, storage, read_objects(stages, folder), features)))
        self.folder = folder

    def _set_up(self, core: Core) -> None:
        self._core = core
        self._thread: LoopThread | None = None
        self._verbs = Verbs(core)
        self.clock = ClusterClock(core, self._call)
        """The cluster's time: what it shows, and how to make it pass."""
        self.faults = faults = core.faults
        """What goes wrong with requests, by whom and how often. See docs/testing.md."""
        self.slow, self.fail_next, self.conflict_next = faults.slow, faults.fail_next, faults.conflict_next

    def start(self) -> Self:
        """Begin; for those who have no `with` statement. `close` ends it."""
        if self._thread is not None:
            raise RuntimeError("the cluster has begun already; `fork` makes another that begins as this one is")
        self._thread = LoopThread("wherry cluster")
        try:
            with uncollected():
                self._call(self._core.open)
        except BaseException:
            self._thread.close()
            self._thread = None
            raise
        return self

    def close(self) -> None:
        """End everything. A second time does nothing, and neither does a process that was forked from the cluster's."""
        thread, self._thread = self._thread, None
        if thread is not None and thread.is_here:
            try:
                thread.call(self._core.close)
            finally:
                thread.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path | None:
        """Where relative paths of manifests are looked for before the working folder."""
        return self._core.folder

    @folder.setter
    def folder(self, folder: Path | None) -> None:
        self._core.folder = folder

    @property
    def is_open(self) -> bool:
        return self._thread is not None

    def awaitable(self) -> AsyncCluster:
        """The same cluster for coroutines; it ends with this one."""
        return AsyncCluster.over(self._core, self._open_thread)

    def client(self, namespace: str = "default") -> Api:
        """A client in this process, whose objects are in `namespace` unless they say otherwise."""
        return Api(self._core, self._call, namespace)

    def apply(
        self, source: Source, *, namespace: str | None = None, manager: str = MANAGER, force: bool = True
    ) -> list[Obj]:
        """Server-side apply of all objects in files, texts, dicts and lists of them; returns them as they are then."""
        return self.client().apply(source, namespace=namespace, manager=manager, force=force)

    def wait(
        self,
        target: Kind,
        goal: str | Callable[[Obj], Any] = "",
        *,
        name: str = "",
        namespace: str | None = None,
        selector: str = "",
        timeout: float = WAIT_SECONDS,
    ) -> Obj:
        """Wait until `deployment/web` is as wished, or all `pods` that `selector` means; returns the (first) object.

        `goal` is a condition (`Available`, `Ready=False`), `delete`, `create`, `jsonpath={.status.phase}=Running`, or a
        function of the object. A manual clock moves on meanwhile, by up to `timeout` seconds. Raises WaitTimeout. What
        was waited to be deleted is returned as {}.
        """
        found = self._call(lambda: self._verbs.wait(target, name, goal, namespace, selector, timeout))
        return found[0] if found else {}

    def events(self, about: Obj | str | None = None, *, namespace: str | None = None) -> Sequence[Obj]:
        """Events in a namespace, or of one object, which may be named: `deployment/web`."""
        return self._call(lambda: self._core.act(lambda: self._verbs.events(about, namespace)))

    def history(
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
        """Who wrote what, and when, in the order of revisions; prints as a table.

        With `refused`, also who was told no, and why: each in its place, and by themselves as `.refused` of the answer.
        """

        async def read() -> Entries:
            words = {"namespace": namespace, "name": name, "verb": verb, "who": who, "since": since}
            return await self._core.entries(kind, refused=refused, **words)

        return self._call(read)

    def add_node(self, node: NodeSpec | str) -> None:
        """One more node."""
        self._call(lambda: self._core.act(lambda: self._core.nodes.add(as_spec(node))))

    def remove_node(self, name: str) -> None:
        """Take a node away, its Node object with it; what ran there is for others to clear up."""
        self._call(lambda: self._core.act(lambda: self._core.nodes.remove(name)))

    def fail_node(self, name: str) -> None:
        """Switch a node off: what runs there ends, and its heartbeats too, until `recover_node`."""
        self._on_node(ClusterNodes.fail, name)

    def partition(self, name: str) -> None:
        """Cut a node off: its Pods go on, but nothing of it is heard, and it hears nothing, until `recover_node`."""
        self._on_node(ClusterNodes.partition, name)

    def recover_node(self, name: str) -> None:
        """Switch a node on again, or connect it again."""
        self._on_node(ClusterNodes.recover, name)

    def settle(self) -> None:
        """Return once nothing is left to do before time passes."""
        self._call(self._core.settle)

    def snapshot(self) -> Snapshot:
        """Everything as it is now, for `restore`; cheap, and as often as you like."""
        return self._call(self._core.snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Be again as at `snapshot`, time included."""
        self._call(lambda: self._core.restore(snapshot))

    def restart(self) -> None:
        """Kill the control plane, as `kill -9` does, and start it again on what was stored; nodes and Pods stay."""
        self._call(self._core.restart)

    def fork(self, snapshot: Snapshot | None = None) -> Cluster:
        """Another cluster that begins as this one is (or was): what is done there is not seen here."""
        begin = snapshot or self.snapshot()
        forked = type(self).__new__(type(self))
        forked._set_up(self._core.fork(begin))
        return forked

    @property
    def kubeconfig(self) -> Path:
        """The file that kubectl, helm, kopf and all other clients find the cluster by; serving begins with it."""
        return self._call(self._core.serving).kubeconfig

    @property
    def url(self) -> str:
        """Where the API is served on the loopback interface."""
        return self._call(self._core.serving).url

    def _on_node(self, act: Callable[[ClusterNodes, str], None], name: str) -> None:
        async def change() -> None:
            act(self._core.nodes, name)

        self._call(lambda: self._core.act(change))

    def _call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._open_thread.call(make)

    @property
    def _open_thread(self) -> LoopThread:
        if self._thread is None:
            raise RuntimeError("the cluster is not open: use it in a with statement, or call start")
        return self._thread
