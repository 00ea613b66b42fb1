"""One cluster: control plane, clock and server, put together and taken apart again.

Everything runs on one `SettlingLoop`, so that "nothing is left to do" is a moment that can be waited for: what a call
has set in motion is over when the call returns. On a manual clock nothing happens between two calls at all, and two
runs that make the same calls write the same history, byte for byte.

A restored cluster, like a fork, is a new control plane on old objects: controllers look at what there is, not at what
happened, so they go on where the others stopped. Timers and informers are not copied; they are made again.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from wherry.api import errors
from wherry.api.coordination.lease import LEASES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.apiserver.allocation import AllocationSettings
from wherry.apiserver.attributes import AUTHENTICATED, MASTERS, User
from wherry.apiserver.inprocess import InProcessClient
from wherry.controllers import catalog
from wherry.controllers.core.kubernetes.controller import Address
from wherry.controllers.core.rootca.controller import NAME as ROOT_CA
from wherry.controlplane.plane import ControlPlane
from wherry.controlplane.settings import Settings
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.identity.profiles import ADMIN
from wherry.lib.tasks import Tasks
from wherry.providers.simulated.volumes import DRIVER, provisioner
from wherry.store import Revision
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock, TravelClock
from wherry.testing.cluster.kinds import Kinds
from wherry.testing.cluster.nodes import ClusterNodes, State, metrics, streams
from wherry.testing.cluster.options import MANUAL_START, Options, Snapshot
from wherry.testing.cluster.remote.paths import remote_paths
from wherry.testing.cluster.serving import Authority, Listen, Serving
from wherry.testing.eventloop import settle
from wherry.testing.faults import Faults
from wherry.testing.history import Entries, History, is_heartbeat
from wherry.transport.messages import Reply, Request

T = TypeVar("T")

MANAGER = "wherry"
"""The name under which a test owns what it writes."""
KUBELET = "kubelet"
_ADDRESS = Address("10.43.0.1", "192.0.2.1", 6443)
"""What the Service `kubernetes` says; nothing simulated calls it, and loopback may not stand there."""
_PATIENCE = 0.005
_LONGEST_STEP = 1.0


class Core:
    """The cluster that `Cluster` and `AsyncCluster` are faces of. All on one event loop."""

    def __init__(self, options: Options, snapshot: Snapshot | None = None, token_keys: TokenKeys | None = None) -> None:
        self.options = options
        self._token_keys = token_keys or TokenKeys(fresh_key)
        self._begin = snapshot
        self._token = secrets.token_urlsafe(24)
        self._authority = Authority()
        self._serving: Serving | None = None
        self._parts: _Parts | None = None
        self._answers = asyncio.Event()
        """Whether there is a control plane to ask; while there is none, those outside wait."""
        self.folder: Path | None = None
        """Where relative paths of manifests are looked for before the working folder."""
        self.faults = Faults(_clock(options, None))
        self.history = History(self.faults.clock, leaves_out=is_heartbeat)
        self._paths = remote_paths(self)

    def fork(self, snapshot: Snapshot) -> Core:
        """Another cluster that begins with `snapshot`; what was issued for this one is good there too."""
        forked = Core(self.options, snapshot, self._token_keys)
        forked.folder = self.folder
        return forked

    @property
    def is_open(self) -> bool:
        return self._parts is not None

    async def open(self) -> None:
        """Make what the options or the snapshot say, and let it come to rest."""
        options, begin = self.options, self._begin
        chance = random.Random(options.seed)  # noqa: S311 - it is to be repeated
        if begin is None:
            store, start, nodes = MemoryStore(), options.start, options.nodes
        else:
            store, start, nodes = MemoryStore(snapshot=begin.store), begin.time, begin.nodes
            chance.setstate(begin.chance)
        clock = self.faults.clock = self.history.clock = _clock(options, start)
        self._parts = parts = _Parts(store, chance, clock, self._settings(clock), options)
        self.history.hears_refused = False
        try:
            await self._through(clock, parts.open(nodes))
            await settle()
        except BaseException:
            await self._leave()
            raise
        self._answers.set()
        self.history.hears_refused = True
        self.faults.check_kind = parts.kinds.find
        leases = parts.plane.api.core.kind(LEASES)
        clock.may_leap = lambda: not leases.watchers and self._is_alone

    async def close(self) -> None:
        """Stop everything; nothing stays behind, neither files nor sockets."""
        if self._serving is not None:
            await self._serving.stop()
            self._serving = None
        await self._leave()
        self._authority.close()

    @property
    def _is_alone(self) -> bool:
        """Whether nobody outside could look while time passes, and nobody stands in anybody's way."""
        return self.faults.is_empty and (self._serving is None or not self._serving.is_talking)

    @property
    def plane(self) -> ControlPlane:
        return self._open_parts.plane

    @property
    def client(self) -> InProcessClient:
        return self._open_parts.client

    @property
    def kinds(self) -> Kinds:
        return self._open_parts.kinds

    @property
    def clock(self) -> ManualClock:
        return self._open_parts.clock

    @property
    def nodes(self) -> ClusterNodes:
        return self._open_parts.nodes

    async def entries(self, kind: str, *, refused: bool, **words: Any) -> Entries:
        """What history has of a kind, by any of its names, and otherwise as `Entries.where` has it."""
        entries = self.history.entries(refused=refused)
        if "*" not in kind and not entries.where(kind=kind):
            kind = self.kinds.find(kind).kind
        return entries.where(kind=kind, **words)

    async def settle(self) -> None:
        """Return once nothing is left to do before time passes."""
        await settle()

    async def act(self, make: Callable[[], Awaitable[T]]) -> T:
        """Do what a test wants done: after whatever was under way, and with all that follows from it."""
        await settle()
        try:
            return await self._through(self.clock, make())
        finally:
            await settle()

    async def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not go back; take a snapshot before, and restore it")
        await self.clock.advance(seconds)

    async def until(self, is_true: Callable[[], Awaitable[bool]], timeout: float) -> bool:
        """Whether something comes true within `timeout` seconds of the cluster's clock; a manual one moves on."""
        await settle()
        end = self.clock.monotonic() + timeout
        while not await self._through(self.clock, is_true()):
            left = end - self.clock.monotonic()
            if left <= 0:
                return False
            await self._pass(left)
        return True

    async def snapshot(self) -> Snapshot:
        await settle()
        return self._now()

    def _now(self) -> Snapshot:
        parts = self._open_parts
        return Snapshot(
            self.options, parts.store.snapshot(), parts.clock.time(), parts.nodes.state(), parts.chance.getstate()
        )

    async def restore(self, snapshot: Snapshot, asked: Request | None = None) -> None:
        """Be as at the time of `snapshot`. Clients outside list again: no revision is ever given to them twice.

        Whoever `asked` for it, from outside, is answered.
        """
        self.faults.drop_watches()  # Whoever watches would wait for ever for a control plane that is gone.
        await settle()
        await self._break_off(asked, idle=False)
        await self._begin_with(snapshot)

    async def restart(self, asked: Request | None = None) -> None:
        """Stop as a process that is killed, in the middle of whatever it does, and start again on what was stored."""
        await self._break_off(asked, idle=True)
        self.faults.drop_watches()
        now = self._now()
        await self._begin_with(now, refused_since=now.store.revision + 1)

    async def _break_off(self, asked: Request | None, *, idle: bool) -> None:
        """Cut those outside who await an answer, or everybody, but for who `asked` that it be done.

        Who asks anything from now on is answered by the next plane.
        """
        self._answers.clear()
        if self._serving is not None:
            self._serving.cut(idle=idle, spare=asked)
            await asyncio.sleep(0)

    async def _begin_with(self, snapshot: Snapshot, refused_since: int | None = None) -> None:
        revision = snapshot.store.revision
        if self._serving is not None:
            newest = max(self._open_parts.store.revision, snapshot.store.revision)
            snapshot = replace(snapshot, store=replace(snapshot.store, revision=Revision(newest + 1)))
        await settle()
        await self._leave()
        self.history.rewind(revision, refused_since)
        self._begin = snapshot
        await self.open()

    async def serving(self, listen: Listen | None = None) -> Serving:
        """The socket for other programs, opened at the first call. Raises OSError when it cannot be."""
        if self._serving is None:
            serving = Serving(self._authority, self._token)
            await serving.start(self._handle, listen or Listen())
            self._serving = serving
            await self._through(self.clock, self._publish_authority())
            await settle()
        return self._serving

    @property
    def _open_parts(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError("the cluster is not open: use it in a with statement, or call start")
        return self._parts

    async def _leave(self) -> None:
        parts, self._parts = self._parts, None
        if parts is not None:
            await self._through(parts.clock, parts.close())

    async def _through(self, clock: ManualClock, work: Awaitable[T]) -> T:
        """Do `work` that a fault may hold up: it must not wait for a clock that only we turn."""
        if isinstance(clock, TravelClock) or (self.faults.is_empty and not self.faults.held):
            return await work
        async with Tasks("time passes") as tasks:
            tasks.spawn(self._let_held_go(clock))
            return await work

    async def _let_held_go(self, clock: ManualClock) -> None:
        """Let time pass whenever there is nothing left to do but to wait for who is held up."""
        while True:
            await settle()
            due = clock.next_due
            if self.faults.held and due is not None:
                await clock.advance(due)
            else:
                await asyncio.sleep(_PATIENCE)  # Somebody outside is asked.

    async def _pass(self, left: float) -> None:
        """Let time pass until something may have happened, at most `left` seconds of it."""
        clock = self.clock
        if isinstance(clock, TravelClock):
            await asyncio.sleep(min(_PATIENCE, left))
            await settle()
            return
        if self._serving is not None and self._serving.is_talking:
            await asyncio.sleep(_PATIENCE)  # Who is connected works in the machine's time.
            left = min(left, _LONGEST_STEP)
        due = clock.next_due
        await clock.advance(left if due is None else min(due, left))

    def _handle(self, request: Request) -> Reply | Awaitable[Reply]:
        return self.plane.handle(request) if self._answers.is_set() else self._handle_later(request)

    async def _handle_later(self, request: Request) -> Reply:
        await self._answers.wait()
        reply = self.plane.handle(request)
        return await reply if isinstance(reply, Awaitable) else reply

    async def _publish_authority(self) -> None:
        """Tell the namespaces of an authority that they were made without; the controller sees to later ones."""
        data = {"data": {"ca.crt": self._authority.text()}}
        for obj in (await self.client.list(CONFIGMAPS, field_selector=f"metadata.name={ROOT_CA}")).items:
            try:
                await self.client.patch(CONFIGMAPS, ROOT_CA, data, obj["metadata"]["namespace"])
            except errors.NotFound:
                continue

    def _settings(self, clock: ManualClock) -> Settings:
        return Settings(
            features=self.options.features,
            controllers=catalog.Settings(
                root_ca=self._authority.text,
                service_cidrs=AllocationSettings().cidrs,
                address=_ADDRESS,
                authority=self._authority.pair,
                metrics=metrics(self.options.behave, clock),
                token_keys=self._token_keys,
            ),
            token_keys=self._token_keys,
            streams=streams(self.options.behave, clock),
            paths=self._paths,
            gate=self.faults,
            witness=self.history,
            static_tokens={self._token: User(ADMIN.common_name, (MASTERS, AUTHENTICATED))},
        )


class _Parts:
    """What a restored cluster has anew."""

    def __init__(
        self,
        store: MemoryStore,
        chance: random.Random,
        clock: ManualClock,
        settings: Settings,
        options: Options,
    ) -> None:
        self.store, self.chance, self.clock = store, chance, clock
        self.plane = ControlPlane(store, clock, chance, settings)
        self.client = self.plane.client().named(MANAGER)
        self.kinds = Kinds(self.plane.api.core.registry)
        self.nodes = ClusterNodes(self.plane.client().named(KUBELET), clock, chance, options.behave, options.stages)
        self.volumes = provisioner(self.plane.client().named(DRIVER), clock, chance) if options.storage else None

    async def open(self, nodes: State) -> None:
        await self.plane.open()
        await self.nodes.start(nodes)
        await self.plane.start()
        if self.volumes is not None:
            await self.volumes.start()

    async def close(self) -> None:
        if self.volumes is not None:
            await self.volumes.close()
        await self.nodes.close()
        await self.plane.close()
        if isinstance(self.clock, TravelClock):
            self.clock.stop()


def _clock(options: Options, start: float | None) -> ManualClock:
    if options.clock == "manual":
        return ManualClock(MANUAL_START if start is None else start)
    if options.clock == "real":
        return TravelClock(start)
    raise ValueError(f'clock is "real" or "manual", not {options.clock!r}')
