from __future__ import annotations

import ipaddress

from wherry.api.core.node import NODES
from wherry.controllers.core.node.ipam import first_free
from wherry.controllers.tests.plane import only, running

CLUSTER = ipaddress.ip_network("10.42.0.0/16")


def test_the_lowest_free_part_that_overlaps_nothing() -> None:
    assert first_free(CLUSTER, 24, set()) == "10.42.0.0/24"
    assert first_free(CLUSTER, 24, {"10.42.0.0/24", "10.42.2.0/24"}) == "10.42.1.0/24"
    assert first_free(CLUSTER, 24, {"10.42.0.0/22"}) == "10.42.4.0/24"
    assert first_free(ipaddress.ip_network("10.42.0.0/24"), 25, {"10.42.0.0/25", "10.42.0.128/25"}) is None


async def test_nodes_get_different_parts_and_free_ones_are_used_again() -> None:
    async with running(only("node-ipam-controller")) as plane:
        for name in ("a", "b", "c"):
            await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        found = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in await plane.items(NODES)}
        assert sorted(found.values()) == ["10.42.0.0/24", "10.42.1.0/24", "10.42.2.0/24"]
        await plane.client.delete(NODES, "b")
        await plane.settle()
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "d"}})
        assert (await plane.get(NODES, "d"))["spec"]["podCIDRs"] == [found["b"]]
