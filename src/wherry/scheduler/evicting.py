"""Carrying a preemption out: lower promises are taken back, then victims are marked and deleted. One that waits for
permission to be bound has not begun, and is only sent back to the queue.

It happens beside the scheduling of other Pods. Until the deletion of the last victim has begun, the Pod for which room
is made is behind a gate, lest it choose further victims (KEP-4832).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct

from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Informer
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.reconcile.controller import EventSink
from wherry.scheduler.model import PodInfo
from wherry.scheduler.permitting import WaitingPods
from wherry.scheduler.plugins.defaultpreemption import NAME
from wherry.scheduler.preemption import Candidate
from wherry.scheduler.queue import Queue
from wherry.scheduler.writes import clear_nomination, mark_disrupted

log = logging.getLogger(__name__)


class Eviction(Struct, frozen=True):
    """What is to be done for one Pod."""

    pod: PodInfo
    candidate: Candidate
    losers: Sequence[PodInfo]
    """Lower Pods to whom room on the node was promised."""


class Evictions:
    """Those under way."""

    def __init__(
        self,
        client: Client,
        pods: Informer[Pod],
        clock: Clock,
        events: EventSink,
        waiting: WaitingPods,
        queue: Callable[[], Queue],
    ) -> None:
        self._client = client
        self._pods = pods
        self._clock = clock
        self._events = events
        self._waiting = waiting
        self._queue = queue
        self._running: dict[str, PodInfo | None] = {}
        """By the UID for which room is made: its last victim, once that one's turn has come."""
        self._tasks = Tasks("preemption")

    def gate(self, pod: PodInfo) -> str | None:
        """Whether the Pod must not be tried yet."""
        if pod.uid not in self._running:
            return None
        last = self._running[pod.uid]
        if last is None:
            return NAME
        current = self._current(last)
        return NAME if current is not None and current.metadata.deletion_timestamp is None else None

    def start(self, eviction: Eviction) -> None:
        """Begin; returns at once."""
        uid = eviction.pod.uid
        self._running[uid] = None
        self._tasks.spawn(self._carry_out(eviction))

    async def close(self) -> None:
        await self._tasks.close()

    async def _carry_out(self, eviction: Eviction) -> None:
        uid, victims = eviction.pod.uid, eviction.candidate.victims
        try:
            for loser in eviction.losers:
                await self._take_back(loser)
            for victim in victims[:-1]:
                await self._evict(victim, eviction)
            self._running[uid] = victims[-1]
            await self._evict(victims[-1], eviction)
        except Exception as error:
            log.warning("making room for %s failed: %s", eviction.pod.key, error)
            del self._running[uid]
            self._queue().activate(uid)
        else:
            del self._running[uid]
            self._queue().reconsider(uid)

    async def _take_back(self, loser: PodInfo) -> None:
        current = self._current(loser)
        if current is not None:
            await clear_nomination(self._client, current)
        self._queue().activate(loser.uid)

    async def _evict(self, victim: PodInfo, eviction: Eviction) -> None:
        current = self._current(victim)
        if current is None or current.metadata.deletion_timestamp is not None:
            return
        pod, meta = eviction.pod, current.metadata
        message = f"{pod.ask.scheduler_name}: preempting to accommodate a higher priority pod"
        try:
            if not self._waiting.reject(victim.uid, NAME, "preempted"):
                await mark_disrupted(self._client, current, message, self._clock.time())
                await self._client.delete(PODS, meta.name, meta.namespace, uid=meta.uid)
        except NotFound:
            return
        said = f"Preempted by pod {pod.uid} on node {eviction.candidate.node}"
        self._events.event(current, "Normal", "Preempted", said, action="Preempting")

    def _current(self, pod: PodInfo) -> Pod | None:
        current = self._pods.get(pod.key)
        return current if current is not None and current.metadata.uid == pod.uid else None
