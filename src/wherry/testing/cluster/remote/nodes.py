"""Nodes that come and go, fail and recover.

GET    /wherry/nodes                                    {"nodes": [{"name": "node-1", "condition": "up"}]}
POST   /wherry/nodes {"name": "node-4", "cpu": "4"}     one more; the words are those of `NodeSpec`
POST   /wherry/nodes/node-4 {"condition": "failed"}     or "partitioned", or "up" again
DELETE /wherry/nodes/node-4                             takes it away, its Node object with it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder

from wherry.providers.simulated.hosts import Condition
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.testing.cluster.nodes import ClusterNodes
from wherry.testing.cluster.remote.doors import Paths, door, last_part, read, show
from wherry.testing.cluster.remote.hands import Hands
from wherry.transport.messages import Request, Response

_BECOME: Mapping[Condition, Any] = {
    Condition.UP: ClusterNodes.recover,
    Condition.FAILED: ClusterNodes.fail,
    Condition.PARTITIONED: ClusterNodes.partition,
}


class _New(NodeSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node, and nothing else."""


class _Befalls(Struct, frozen=True, forbid_unknown_fields=True):
    condition: Condition


_NEW, _BEFALLS = Decoder(_New), Decoder(_Befalls)


def node_paths(hands: Hands) -> Paths:
    """The paths of the nodes."""

    async def show_all(request: Request) -> Response:
        nodes = [{"name": spec.name, "condition": condition.value} for spec, condition in hands.nodes.state()]
        return show({"nodes": nodes})

    async def add(request: Request) -> Response:
        spec = read(request, _NEW)
        await hands.act(lambda: hands.nodes.add(spec))
        return show({"name": spec.name, "condition": Condition.UP.value}, 201)

    async def change(request: Request) -> Response:
        name, condition = last_part(request), read(request, _BEFALLS).condition

        async def become() -> None:
            _BECOME[condition](hands.nodes, name)

        await hands.act(become)
        return show({"name": name, "condition": condition.value})

    async def remove(request: Request) -> Response:
        name = last_part(request)
        await hands.act(lambda: hands.nodes.remove(name))
        return show({"name": name})

    return {"/wherry/nodes": door(GET=show_all, POST=add), "/wherry/nodes/": door(POST=change, DELETE=remove)}
