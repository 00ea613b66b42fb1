"""Node objects and their Leases, by the thousand, from one place.

A kubelet renews its Lease every ten seconds and reports its status every five minutes, or sooner when it has changed.
Here the ten seconds are a wheel: every node has its place on it, each place where there is a node has its pulse, and
nodes of one place beat together, so that a store makes their renewals durable at once. A few nodes share one place.
"""

from __future__ import annotations

import asyncio
import logging
import random
from math import inf
from typing import Protocol

from msgspec import Struct

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.errors import AlreadyExists, ApiError, NotFound
from wherry.client import Client, Patch
from wherry.lib.clock import Clock, Timer, format_micro_time
from wherry.lib.pulse import call_every
from wherry.lib.tasks import Tasks

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
RENEW_SECONDS = 10.0
REPORT_SECONDS = 300.0
_PLACES = 40
_TOGETHER = 25
"""Nodes that share a place before the next one is used."""


class Member(Protocol):
    """A node, as far as its heart is concerned."""

    @property
    def name(self) -> str: ...

    @property
    def is_heard(self) -> bool:
        """Whether what it says reaches the API."""
        ...

    @property
    def is_changed(self) -> bool:
        """Whether it has something new to say of itself."""
        ...

    def describe(self, now: float) -> Obj:
        """The Node that it registers as, status included."""
        ...

    def adopt(self, node: Obj) -> None:
        """The Node as the API has it, which may be older than this process."""
        ...

    def status(self, now: float) -> Obj:
        """What it says of itself now."""
        ...


class _Heart(Struct):
    member: Member
    uid: str
    report_at: float
    has_lease: bool = False
    is_well: bool = True
    """Its last beat reached the API."""


class _Place:
    """Nodes that beat together. Implements `Pulse`."""

    __slots__ = ("_beats", "hearts", "timer")

    def __init__(self, beats: Heartbeats) -> None:
        self._beats = beats
        self.hearts: dict[str, _Heart] = {}
        self.timer: Timer | None = None

    def beat(self) -> None:
        self._beats.beat_together([heart for heart in self.hearts.values() if heart.member.is_heard])

    def quiet_seconds(self) -> float:
        """As long as every node that is heard only renews its Lease."""
        return self._beats.quiet_seconds([heart for heart in self.hearts.values() if heart.member.is_heard])


class Heartbeats:
    """The hearts of many nodes."""

    def __init__(self, client: Client, clock: Clock, chance: random.Random) -> None:
        self._client = client
        self._clock = clock
        self._random = chance
        self._hearts: dict[str, _Heart] = {}
        self._places = [_Place(self) for _ in range(_PLACES)]
        self._began = clock.monotonic()
        self._tasks = Tasks("heartbeats")
        self._is_open = False

    async def join(self, member: Member) -> None:
        """Register a node, or go on with the one that is there, and let its heart beat. Raises ApiError."""
        now = self._clock.time()
        wanted = member.describe(now)
        try:
            node = await self._client.create(NODES, wanted)
            is_new = True
        except AlreadyExists:
            node, is_new = await self._client.get(NODES, member.name), False
        member.adopt(node)
        heart = _Heart(member, node["metadata"]["uid"], now + REPORT_SECONDS * self._random.random())
        if not is_new:
            await self._report(heart)
        await self._renew(heart)
        self._hearts[member.name] = heart
        self._places[(len(self._hearts) - 1) // _TOGETHER % _PLACES].hearts[member.name] = heart
        self._wind()

    def leave(self, name: str) -> None:
        """A node is no more."""
        if self._hearts.pop(name, None) is not None:
            for place in self._places:
                place.hearts.pop(name, None)

    def beat(self, name: str) -> None:
        """Beat now: a node is back and has much to tell."""
        if (heart := self._hearts.get(name)) is not None:
            heart.report_at = 0.0
            self._tasks.spawn(self._beat(heart))

    def open(self) -> None:
        """Let hearts beat from now on."""
        self._is_open = True
        self._wind()

    async def close(self) -> None:
        self._is_open = False
        for place in self._places:
            if place.timer is not None:
                place.timer.cancel()
        await self._tasks.close()

    def beat_together(self, hearts: list[_Heart]) -> None:
        """Let some beat now."""
        if hearts:
            self._tasks.spawn(self._beat_all(hearts))

    def quiet_seconds(self, hearts: list[_Heart]) -> float:
        """For how long beats of some renew Leases and do nothing else."""
        if not all(heart.has_lease and heart.is_well and not heart.member.is_changed for heart in hearts):
            return 0.0
        return min((heart.report_at for heart in hearts), default=inf) - self._clock.time()

    def _wind(self) -> None:
        """Set the pulse of each place where there is a node by now."""
        if not self._is_open:
            return
        turned = self._clock.monotonic() - self._began
        for number, place in enumerate(self._places):
            if place.hearts and place.timer is None:
                first = (number * RENEW_SECONDS / _PLACES - turned) % RENEW_SECONDS or RENEW_SECONDS
                place.timer = call_every(self._clock, first, RENEW_SECONDS, place)

    async def _beat_all(self, hearts: list[_Heart]) -> None:
        async with asyncio.TaskGroup() as group:
            for heart in hearts:
                group.create_task(self._beat(heart))

    async def _beat(self, heart: _Heart) -> None:
        try:
            if heart.member.is_changed or heart.report_at <= self._clock.time():
                await self._report(heart)
            await self._renew(heart)
            heart.is_well = True
        except NotFound:
            log.info("node %s is gone", heart.member.name)
            self.leave(heart.member.name)
        except (ApiError, OSError) as error:
            heart.is_well = False
            log.warning("heartbeat of node %s: %s", heart.member.name, error)

    async def _report(self, heart: _Heart) -> None:
        now = self._clock.time()
        patch = {"status": heart.member.status(now)}
        name = heart.member.name
        await self._client.patch(NODES, name, patch, type=Patch.STRATEGIC, subresource="status")
        heart.report_at = now + REPORT_SECONDS

    async def _renew(self, heart: _Heart) -> None:
        name = heart.member.name
        now = format_micro_time(self._clock.time())
        if heart.has_lease:
            try:
                await self._client.patch(LEASES, name, {"spec": {"renewTime": now}}, LEASE_NAMESPACE)
                return
            except NotFound:
                heart.has_lease = False
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": heart.uid}
        lease: Obj = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now},
        }
        try:
            await self._client.create(LEASES, lease, LEASE_NAMESPACE)
        except AlreadyExists:
            change = {"metadata": {"ownerReferences": [owner]}, "spec": lease["spec"]}
            await self._client.patch(LEASES, name, change, LEASE_NAMESPACE)
        heart.has_lease = True
