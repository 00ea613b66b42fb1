"""The scheduler at work: informers fill the queue and the cluster, short turns decide, bindings are written behind.

A decision is taken at once and assumed; its binding is written by a task while the next Pod is already being placed, so
that many bindings share one commit of the store. Nothing runs while no Pod wants a node.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, NotFound
from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Client
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.reconcile.controller import EventSink
from wherry.scheduler.bind import bind, mark_unschedulable
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import Asks, PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import Planner, Unfit
from wherry.scheduler.profile import default_profile
from wherry.scheduler.queue import Queue
from wherry.scheduler.rules import Handle

log = logging.getLogger(__name__)

_TURN_SECONDS = 0.005
_TURN_PODS = 64
_ENDED = ("Succeeded", "Failed")


@dataclass(slots=True)
class Counters:
    """What `/metrics` tells of the scheduler: attempts by result."""

    scheduled: int = 0
    unschedulable: int = 0
    error: int = 0


class Scheduler:
    """Places the Pods that name it in `spec.schedulerName`."""

    def __init__(
        self, client: Client, clock: Clock, chance: random.Random, events: EventSink, name: str = "default-scheduler"
    ) -> None:
        self._client = client
        self._clock = clock
        self._chance = chance
        self._events = events
        self._name = name
        self._cluster = Cluster()
        self._asks = Asks()
        profile = default_profile(Handle(client, clock, chance, self._cluster))
        self._planner = Planner(profile, self._cluster, Nominations())
        self.queue = Queue(clock, self._ready)
        self.counters = Counters()
        self._binding: set[str] = set()
        self._start = 0
        self._turn_is_due = False
        self._closed = False
        self._tasks = Tasks("scheduler")
        self._pods = client.informer(PODS, Pod)
        self._nodes = client.informer(NODES, Node)

    async def start(self) -> None:
        """Begin to follow nodes and Pods; returns once both are known."""
        await self._nodes.wait_synced()
        await self._pods.wait_synced()
        self._nodes.add_handler(self._on_node)
        self._pods.add_handler(self._on_pod)

    async def close(self) -> None:
        self._closed = True
        self.queue.close()
        await self._tasks.close()

    def _on_node(self, old: Node | None, new: Node | None) -> None:
        if new is not None:
            self._cluster.set_node(new)
            if old is None or _offer(old) != _offer(new):
                self.queue.wake("NodeChanged")
        elif old is not None:
            self._cluster.remove_node(old.metadata.name)

    def _on_pod(self, old: Pod | None, new: Pod | None) -> None:
        pod = new or old
        assert pod is not None
        uid = pod.metadata.uid
        if new is None or pod.status.phase in _ENDED:
            self.queue.remove(uid)
            if self._cluster.remove_pod(uid):
                self.queue.wake("PodRemoved")
        elif pod.spec.node_name:
            self.queue.remove(uid)
            if old is None or old.spec != pod.spec:
                self._cluster.set_pod(self._asks.pod_info(pod), pod.spec.node_name)
        elif pod.metadata.deletion_timestamp is not None:
            self.queue.remove(uid)
        elif uid not in self._binding:
            info = self._asks.pod_info(pod)
            if info.ask.scheduler_name == self._name and not info.gates:
                self.queue.add(info)

    def _ready(self) -> None:
        if not self._turn_is_due and not self._closed:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Place Pods for a few milliseconds, then let others run."""
        self._turn_is_due = False
        until = self._clock.monotonic() + _TURN_SECONDS
        for _ in range(_TURN_PODS):
            pod = self.queue.pop()
            if pod is None:
                return
            self._decide(pod)
            if self._clock.monotonic() > until:
                break
        self._ready()

    def _decide(self, pod: PodInfo) -> None:
        answer = self._planner.place(pod, self._chance, self._start)
        if isinstance(answer, Unfit):
            self.counters.unschedulable += 1
            self.queue.refuse(pod.uid, frozenset(("NodeChanged", "PodRemoved")))
            self._tasks.spawn(self._tell(pod, answer.message))
            return
        self._start += answer.asked
        self._binding.add(pod.uid)
        self._cluster.set_pod(pod, answer.node)
        self._tasks.spawn(self._bind(pod, answer.node))

    async def _bind(self, pod: PodInfo, node: str) -> None:
        try:
            await bind(self._client, pod, node)
        except NotFound:
            self._give_back(pod)
            self.queue.remove(pod.uid)
        except (ApiError, ConnectionError) as error:
            self.counters.error += 1
            log.warning("binding %s to %s failed: %s", pod.key, node, error)
            self._give_back(pod)
            self._event(pod, "Warning", "FailedScheduling", f"binding rejected: {error}")
            self.queue.retry(pod.uid)
        else:
            self.counters.scheduled += 1
            self.queue.remove(pod.uid)
            self._event(pod, "Normal", "Scheduled", f"Successfully assigned {pod.key} to {node}", "Binding")
        finally:
            self._binding.discard(pod.uid)

    def _give_back(self, pod: PodInfo) -> None:
        current = self._pods.get(pod.key)
        if current is None or not current.spec.node_name:
            self._cluster.remove_pod(pod.uid)
            self.queue.wake("PodRemoved")

    async def _tell(self, pod: PodInfo, message: str) -> None:
        self._event(pod, "Warning", "FailedScheduling", message, "Scheduling")
        current = self._pods.get(pod.key)
        if current is None or current.metadata.uid != pod.uid:
            return
        try:
            await mark_unschedulable(self._client, current, message, self._clock.time())
        except NotFound:
            self.queue.remove(pod.uid)
        except (ApiError, ConnectionError) as error:
            log.warning("noting that %s does not fit failed: %s", pod.key, error)

    def _event(self, pod: PodInfo, type: str, reason: str, message: str, action: str = "Scheduling") -> None:
        if (current := self._pods.get(pod.key)) is not None:
            self._events.event(current, type, reason, message, action=action)


def _offer(node: Node) -> tuple[object, ...]:
    """What of a node can make a Pod fit; heartbeats do not."""
    return (node.metadata.labels, node.spec, node.status.allocatable)
