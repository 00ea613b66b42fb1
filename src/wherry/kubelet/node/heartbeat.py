"""Registers this node, keeps its status true, and renews its Lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.errors import AlreadyExists, ApiError, Conflict, NotFound
from wherry.client import Client, Patch
from wherry.kubelet.node.description import (
    Health,
    NodeSettings,
    node_conditions,
    node_labels,
    node_object,
    node_status,
)
from wherry.kubelet.node.machine import Machine, Pressure
from wherry.kubelet.runtime.model import Image, RuntimeVersion
from wherry.lib.clock import Clock, format_micro_time

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
RENEW_SECONDS = 10.0
CHECK_SECONDS = 10.0
"""How often the status is made anew; it is sent when it has changed."""
REPORT_SECONDS = 300.0
"""How often it is sent although nothing has changed."""


class Findings(Struct, frozen=True):
    """What was found of the node at one moment."""

    pressure: Pressure
    health: Health
    version: RuntimeVersion
    images: list[Image]


class Heartbeat:
    """The node's own writes to its Node and Lease."""

    def __init__(
        self,
        client: Client,
        settings: NodeSettings,
        machine: Machine,
        look: Callable[[], Awaitable[Findings]],
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._client = client
        self._settings = settings
        self._machine = machine
        self._look = look
        self._clock = clock
        self._random = chance
        self._changed = asyncio.Event()
        self._sent: Obj = {}
        self._sent_at = 0.0
        self._lease: Obj | None = None

    async def register(self) -> Obj:
        """Create the Node, or make an existing one ours; tries until it succeeds. Returns the Node."""
        delay = 0.1
        while True:
            try:
                return await self._register_once()
            except (ApiError, OSError) as error:
                log.warning("registering node %s: %s", self._settings.name, error)
            await self._clock.sleep(delay)
            delay = min(delay * 2, 7.0)

    def changed(self) -> None:
        """Something about the node is different: look and tell soon."""
        self._changed.set()

    async def run(self) -> None:
        """Keep status and Lease fresh until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_status())
            group.create_task(self._keep_lease())

    async def report(self) -> None:
        """Send the status if it has changed, or has not been sent for long."""
        found = await self._look()
        status = node_status(self._settings, self._machine, found.pressure, found.health, found.version, found.images)
        now = self._clock.time()
        status["conditions"] = node_conditions(found.pressure, found.health, self._sent.get("conditions", ()), now)
        if now - self._sent_at < REPORT_SECONDS and _telling(status) == _telling(self._sent):
            return
        patch = {key: value for key, value in status.items() if key == "conditions" or self._sent.get(key) != value}
        if "addresses" in patch:
            patch["addresses"] = [{"$patch": "replace"}, *patch["addresses"]]
        try:
            await self._patch_status(patch)
        except NotFound:
            await self.register()
            await self._patch_status(patch)
        self._sent, self._sent_at = status, now

    async def _patch_status(self, patch: Obj) -> None:
        await self._client.patch(
            NODES, self._settings.name, {"status": patch}, type=Patch.STRATEGIC, subresource="status"
        )

    async def _register_once(self) -> Obj:
        wanted = node_object(self._settings, self._machine)
        try:
            return await self._client.create(NODES, wanted)
        except AlreadyExists:
            pass
        node = await self._client.get(NODES, self._settings.name)
        self._sent = {"conditions": node.get("status", {}).get("conditions", [])}
        labels = node_labels(self._settings, self._machine)
        if _differs(node["metadata"].get("labels") or {}, labels):
            node = await self._client.patch(NODES, self._settings.name, {"metadata": {"labels": labels}})
        return node

    async def _keep_status(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self.report()
            except (ApiError, OSError) as error:
                log.warning("reporting node status: %s", error)
            timer = self._clock.call_later(CHECK_SECONDS, self._changed.set)
            try:
                await self._changed.wait()
            finally:
                timer.cancel()

    async def _keep_lease(self) -> None:
        while True:
            try:
                await self.renew()
                delay = RENEW_SECONDS
            except (ApiError, OSError) as error:
                log.warning("renewing node lease: %s", error)
                self._lease, delay = None, 1.0
            await self._clock.sleep(delay * self._random.uniform(0.96, 1.04))

    async def renew(self) -> None:
        """Renew the Lease, creating it if need be."""
        name = self._settings.name
        now = format_micro_time(self._clock.time())
        if self._lease is None:
            self._lease = await self._get_lease()
        lease = self._lease
        if lease is None:
            self._lease = await self._client.create(LEASES, await self._new_lease(now), LEASE_NAMESPACE)
            return
        spec = {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now}
        try:
            self._lease = await self._client.update(LEASES, {**lease, "spec": {**lease["spec"], **spec}})
        except (Conflict, NotFound):
            self._lease = None
            raise

    async def _get_lease(self) -> Obj | None:
        try:
            return await self._client.get(LEASES, self._settings.name, LEASE_NAMESPACE)
        except NotFound:
            return None

    async def _new_lease(self, now: str) -> Obj:
        name = self._settings.name
        node = await self._client.get(NODES, name)
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now},
        }


def _telling(status: Mapping[str, Any]) -> Obj:
    """The status without what changes at every look."""
    conditions = [
        {key: value for key, value in each.items() if key != "lastHeartbeatTime"}
        for each in status.get("conditions", ())
    ]
    return {**status, "conditions": conditions}


def _differs(have: Mapping[str, str], want: Mapping[str, str]) -> bool:
    return any(have.get(name) != value for name, value in want.items())
