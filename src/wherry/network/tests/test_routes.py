"""The loop, against the real API and a host in memory."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.apiserver.reviews.tests.world import World
from wherry.client import Client
from wherry.network.host import HostFailure
from wherry.network.routes import Routes, clear


@dataclass
class MemoryHost:
    """Implements `Host`: a routing table and the last nft script. Addresses in 192.0.2.0/24 are on the link."""

    routes: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    fails: bool = False

    async def run(self, *command: str, script: str = "") -> str:
        if self.fails:
            raise HostFailure("it is not possible")
        match command:
            case ("nft", "-f", "-"):
                self.scripts.append(script)
            case ("ip", "-json", "route", "get", address):
                return json.dumps([{"dst": address} if address.startswith("192.0.2.") else {"gateway": "192.0.2.254"}])
            case ("ip", "-json", "-4", "route", "show", "proto", "119"):
                return json.dumps([{"dst": each, "gateway": gateway} for each, gateway in self.routes.items()])
            case ("ip", "-json", "-6", *_):
                return ""
            case ("ip", "route", "replace", destination, "via", gateway, "proto", "119"):
                self.routes[destination] = gateway
            case ("ip", "route", "delete", destination, "proto", "119"):
                del self.routes[destination]
            case _:
                raise AssertionError(command)
        return ""


@asynccontextmanager
async def running(host: MemoryHost) -> AsyncIterator[tuple[World, Client]]:
    """Node `one` keeps its routes; the API is empty at first."""
    world = World()
    await world.api.open()
    client = world.api.client()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Routes(client, "one", host, world.clock).run())
        yield world, client
        task.cancel()
    await world.api.close()


def node(number: int, address: str) -> Obj:
    return {
        "metadata": {"name": ("one", "two", "three")[number]},
        "spec": {"podCIDR": f"10.42.{number}.0/24", "podCIDRs": [f"10.42.{number}.0/24"]},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }


async def settle(world: World) -> None:
    for _ in range(5):
        await world.clock.advance(0.1)


async def test_routes_follow_the_nodes() -> None:
    host = MemoryHost()
    async with running(host) as (world, client):
        await client.create(NODES, node(0, "192.0.2.1"))
        await client.create(NODES, node(1, "192.0.2.2"))
        await settle(world)
        assert host.routes == {"10.42.1.0/24": "192.0.2.2"}
        assert "10.42.1.0/24" in host.scripts[-1]
        moved = {"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.7"}]}}
        await client.patch(NODES, "two", moved, subresource="status")
        await settle(world)
        assert host.routes == {"10.42.1.0/24": "192.0.2.7"}
        await client.delete(NODES, "two")
        await settle(world)
        assert host.routes == {}
        assert "10.42.1.0/24" not in host.scripts[-1]


async def test_what_a_dead_agent_left_is_put_right() -> None:
    host = MemoryHost({"10.42.9.0/24": "192.0.2.9", "10.42.1.0/24": "192.0.2.9"})
    async with running(host) as (world, client):
        await client.create(NODES, node(1, "192.0.2.2"))
        await settle(world)
        assert host.routes == {"10.42.1.0/24": "192.0.2.2"}


async def test_a_distant_node_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    host = MemoryHost()
    with caplog.at_level(logging.WARNING):
        async with running(host) as (world, client):
            await client.create(NODES, node(1, "198.51.100.2"))
            await settle(world)
            await client.create(NODES, node(2, "192.0.2.3"))
            await settle(world)
    assert host.routes == {"10.42.2.0/24": "192.0.2.3"}
    told = [record.getMessage() for record in caplog.records if record.name == "wherry.network.routes"]
    assert told == ["node 198.51.100.2 is not on a link of this node: pods there cannot be reached from here"]


async def test_what_fails_is_tried_again_and_what_was_taken_away_is_made_anew() -> None:
    host = MemoryHost(fails=True)
    async with running(host) as (world, client):
        await client.create(NODES, node(1, "192.0.2.2"))
        await settle(world)
        assert host.routes == {}
        host.fails = False
        await world.clock.advance(5)
        assert host.routes == {"10.42.1.0/24": "192.0.2.2"}
        scripts = len(host.scripts)
        host.routes.clear()
        await world.clock.advance(301)
        assert host.routes == {"10.42.1.0/24": "192.0.2.2"}
        assert len(host.scripts) > scripts


async def test_clear_leaves_nothing() -> None:
    host = MemoryHost({"10.42.1.0/24": "192.0.2.2"})
    await clear(host)
    assert host.routes == {}
    assert host.scripts == ["table inet wherry-network {}\ndelete table inet wherry-network\n"]
