"""Any number of simulated nodes in one process, and what can befall them.

    nodes = SimulatedNodes(client, clock, chance, node_specs(3))
    await nodes.start()                  # registered, Ready, and Pods bound to them run
    nodes.fail("node-2")                 # and recover, partition
    await nodes.close()                  # the Pods stay as they are; whoever starts again finds them so

Whoever has the API can do the same: a Node that is deleted is gone, and the annotation `simulate.wherry.dev/state` of a
Node says `failed` or `partitioned`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Iterator, Sequence

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import Conflict, InternalError, ServiceUnavailable, Timeout, TooManyRequests
from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Client, Key
from wherry.lib.backoff import Backoff
from wherry.lib.clock import Clock, Timer
from wherry.lib.tasks import Tasks
from wherry.providers.driving import PodDriver
from wherry.providers.heartbeats import Heartbeats
from wherry.providers.simulated.behaviour import Behaviours, first_of
from wherry.providers.simulated.door import Door
from wherry.providers.simulated.hosts import Condition, Host
from wherry.providers.simulated.life import Told
from wherry.providers.simulated.nodespec import NodeSpec, placed
from wherry.providers.simulated.provider import SimulatedProvider
from wherry.providers.simulated.stages.stage import Stage
from wherry.reconcile.controller import Controller
from wherry.reconcile.events import Recorder, closing_namespaces
from wherry.reconcile.loop import Loops

log = logging.getLogger(__name__)

NAME = "simulated-kubelet"
STATE = "simulate.wherry.dev/state"
_BY_NODE = "node"
_CONDITIONS = {each.value: each for each in Condition}
_REGISTER = Backoff(0.1, 7.0)
"""How long kubelets wait before they try again to register."""
_PASSING = (Conflict, InternalError, ServiceUnavailable, Timeout, TooManyRequests, OSError)
"""Why a node may be refused now and taken later."""


class SimulatedNodes:
    """Owns the nodes, their heartbeats, and what runs on them."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        chance: random.Random,
        specs: Iterable[NodeSpec] = (),
        behaviours: Sequence[Behaviours] = (),
        stages: Sequence[Stage] = (),
    ) -> None:
        """`stages` for Pods take the place of behaviours; those for Nodes come on top of heartbeats."""
        self._clock = clock
        self._numbers = 0
        self._specs = tuple(specs)
        self._hosts: dict[str, Host] = {}
        self._pods = client.informer(PODS, Pod)
        self._recorder = Recorder(client, clock, "kubelet", is_closing=closing_namespaces(client))
        self._hearts = Heartbeats(client, clock, chance)
        self._nodes = client.informer(NODES, Node)
        self._door = Door(client, self._nodes, self._hosts, lambda node: self._pods.by_index(_BY_NODE, node))
        self.provider = SimulatedProvider(
            clock, self._hosts, first_of(behaviours), self._pods.get, self._tell, self._door.admit
        )
        self._tasks = Tasks("simulated nodes")
        self._late: dict[str, Timer] = {}
        self._is_played = any(stage.kind == "Node" for stage in stages)
        controllers = _stage_controllers(stages, self, chance)
        if not any(stage.kind == "Pod" for stage in stages):
            controllers.append(PodDriver(self.provider, self, NAME).controller())
        self._loops = Loops(controllers, client, clock, chance, self._recorder)

    async def start(self) -> None:
        """Register all nodes, and let their Pods run; returns when both is done."""
        self._pods.add_index(_BY_NODE, lambda pod: (pod.spec.node_name,) if pod.spec.node_name else ())
        await self._pods.wait_synced()
        for spec in self._specs:
            await self.add_in_time(spec)
        await self._loops.start()
        await self._nodes.wait_synced()
        self._nodes.add_handler(self._on_node)
        self._hearts.open()

    async def close(self) -> None:
        """Stop; what the API knows of nodes and Pods stays."""
        for timer in self._late.values():
            timer.cancel()
        await self._tasks.close()
        await self._loops.stop()
        await self._hearts.close()
        self.provider.close()
        await self._recorder.close()

    async def add(self, spec: NodeSpec) -> None:
        """One more node. Raises ApiError when it cannot register."""
        await self._join(self._make(spec))

    async def add_in_time(self, spec: NodeSpec) -> None:
        """The same, but later if the API has no time for it now, as a kubelet would see to."""
        await self._join_in_time(self._make(spec))

    def _make(self, spec: NodeSpec) -> Host:
        host = Host.of(placed(spec, self._numbers))
        host.is_played = self._is_played
        self._numbers += 1
        self._hosts[spec.name] = host
        for pod in self._pods.by_index(_BY_NODE, spec.name):
            self.provider.expect(pod)
        return host

    async def _join(self, host: Host) -> None:
        await self._hearts.join(host)
        for key in self._strangers(host.name):
            self.provider.wake(key)

    async def _join_in_time(self, host: Host, failures: int = 0) -> None:
        if self._hosts.get(host.name) is not host:
            return  # it has been taken away meanwhile
        self._late.pop(host.name, None)
        try:
            await self._join(host)
        except _PASSING as error:
            log.info("node %s registers later: %s", host.name, error)

            def again() -> None:
                self._tasks.spawn(self._join_in_time(host, failures + 1))

            self._late[host.name] = self._clock.call_later(_REGISTER.delay(failures), again)

    def remove(self, name: str) -> None:
        """A node is no more; its Node object is somebody else's to delete."""
        self._hearts.leave(name)
        self.provider.remove_node(name)
        self._hosts.pop(name, None)
        self._door.forget(name)

    def fail(self, name: str) -> None:
        """Switch a node off: what runs there ends, and nobody hears of it before it is back."""
        self._set(name, Condition.FAILED)

    def partition(self, name: str) -> None:
        """Cut a node off: its Pods go on, but nothing it says reaches the API, and nothing reaches it."""
        self._set(name, Condition.PARTITIONED)

    def recover(self, name: str) -> None:
        """Switch a node on again, or join it with the API again."""
        self._set(name, Condition.UP)

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._hosts)

    def condition(self, name: str) -> Condition:
        return self._hosts[name].condition

    def host(self, name: str) -> Host | None:
        return self._hosts.get(name)

    def is_ours(self, node: str) -> bool:
        return node in self._hosts

    def is_heard(self, node: str) -> bool:
        return self._hosts[node].is_heard

    def _on_node(self, old: Node | None, new: Node | None) -> None:
        """Do what others say of a node of ours by way of the API."""
        name = (new or old).metadata.name  # type: ignore[union-attr]  # one of them is there
        if name not in self._hosts:
            return
        if new is None:
            self.remove(name)
            return
        before, said = (
            old.metadata.annotations.get(STATE) if old is not None else None,
            new.metadata.annotations.get(STATE),
        )
        if said != before:
            self._set(name, _CONDITIONS.get(said or "", Condition.UP))

    def _set(self, name: str, condition: Condition) -> None:
        host = self._hosts[name]
        before, host.condition = host.condition, condition
        if before is condition:
            return
        if condition is Condition.FAILED:
            self.provider.stop_node(name)
        if condition is Condition.UP:
            self.provider.start_node(name, rebooted=before is Condition.FAILED)
            for key in self._strangers(name):
                self.provider.wake(key)
            self._hearts.beat(name)

    def _strangers(self, node: str) -> Iterator[Key]:
        """Pods that were bound to a node while it did not hear of it."""
        for pod in self._pods.by_index(_BY_NODE, node):
            yield Key(pod.metadata.namespace, pod.metadata.name)

    def _tell(self, pod: Pod, told: Told) -> None:
        host = pod.spec.node_name or ""
        self._recorder.record("kubelet", pod, told.path, told.type, told.reason, told.message, host)


def _stage_controllers(stages: Sequence[Stage], nodes: SimulatedNodes, chance: random.Random) -> list[Controller]:
    if not stages:
        return []
    from wherry.providers.simulated.stages.driver import StageDriver  # With it comes YAML.

    chosen = {kind: [stage for stage in stages if stage.kind == kind] for kind in ("Pod", "Node")}
    return [StageDriver(kind, found, nodes, chance).controller() for kind, found in chosen.items() if found]
