"""Leads to the pods of other nodes, and hides only what leaves the cluster behind this node's address.

Where nodes share a link a plain route to each other's pod CIDR is all that is needed: no tunnel, no daemon, nothing
that a dead agent takes along. Routes of ours carry a protocol number of their own, by which they are known at the next
start; the masquerade is one nft table that is replaced whole.

A node that is not on a link of ours is told of and left out: that takes a tunnel, which there is not yet.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from wherry.api.core.node import NODES
from wherry.client import Client
from wherry.lib.backoff import Backoff
from wherry.lib.clock import Clock
from wherry.network import plan
from wherry.network.host import Host, HostFailure, ask
from wherry.network.plan import NodeFacts, Route

log = logging.getLogger(__name__)

PROTOCOL = "119"
"""In the kernel's field for who made a route; nobody has registered this one."""
_HEAL_SECONDS = 300.0
"""How often to look without being told: an interface that was taken down has lost its routes."""
_BACKOFF = Backoff(1.0, 60.0)


class Routes:
    """Keeps one node's routes and masquerade; `run` it."""

    def __init__(self, client: Client, node_name: str, host: Host, clock: Clock) -> None:
        self._client = client
        self._name = node_name
        self._host = host
        self._clock = clock
        self._changed = asyncio.Event()
        self._script = ""
        self._unreachable: frozenset[str] = frozenset()

    async def run(self) -> NoReturn:
        """Follow the nodes until cancelled."""
        self._nodes = self._client.informer(NODES, NodeFacts)
        await self._nodes.wait_synced()
        self._nodes.add_handler(self._on_node)
        failures = 0
        while True:
            self._changed.clear()
            timer = self._clock.call_later(_HEAL_SECONDS, self._look_anew)
            try:
                await self.settle(list(self._nodes.list()))
                failures = 0
                await self._changed.wait()
            except HostFailure as failure:
                log.warning("the pod network: %s", failure)
                await self._clock.sleep(_BACKOFF.delay(failures))
                failures += 1
            finally:
                timer.cancel()

    async def settle(self, nodes: list[NodeFacts]) -> None:
        """Make routes and masquerade what these nodes ask for; raises HostFailure."""
        script = plan.masquerade(nodes, self._name)
        if script != self._script:
            await self._host.run("nft", "-f", "-", script=script)
            self._script = script
        wanted = await self._reachable(plan.wanted_routes(nodes, self._name))
        change = plan.changes(wanted, await present_routes(self._host))
        for route in change.remove:
            await self._host.run("ip", "route", "delete", route.destination, "proto", PROTOCOL)
        for route in change.add:
            await self._host.run("ip", "route", "replace", route.destination, "via", route.gateway, "proto", PROTOCOL)
            log.info("pods of %s are reached by way of %s", route.destination, route.gateway)

    async def _reachable(self, routes: list[Route]) -> list[Route]:
        """Those whose gateway shares a link with us."""
        answers = {gateway: await self._is_on_link(gateway) for gateway in {route.gateway for route in routes}}
        missing = frozenset(gateway for gateway, is_near in answers.items() if not is_near)
        for gateway in sorted(missing - self._unreachable):
            log.warning("node %s is not on a link of this node: pods there cannot be reached from here", gateway)
        self._unreachable = missing
        return [route for route in routes if answers[route.gateway]]

    async def _is_on_link(self, gateway: str) -> bool:
        try:
            return plan.is_on_link(await ask(self._host, "ip", "-json", "route", "get", gateway))
        except HostFailure:  # no route to it at all
            return False

    def _on_node(self, old: NodeFacts | None, new: NodeFacts | None) -> None:
        if old != new:
            self._changed.set()

    def _look_anew(self) -> None:
        self._script = ""
        self._changed.set()


async def present_routes(host: Host) -> list[Route]:
    """The routes of ours that the kernel has."""
    found = []
    for family in ("-4", "-6"):
        answer = await ask(host, "ip", "-json", family, "route", "show", "proto", PROTOCOL)
        found += [Route(str(each["dst"]), str(each["gateway"])) for each in answer if "gateway" in each]
    return found


async def clear(host: Host) -> None:
    """Take away all that `Routes` made; raises HostFailure."""
    for route in await present_routes(host):
        await host.run("ip", "route", "delete", route.destination, "proto", PROTOCOL)
    await host.run("nft", "-f", "-", script=f"table inet {plan.TABLE} {{}}\ndelete table inet {plan.TABLE}\n")
