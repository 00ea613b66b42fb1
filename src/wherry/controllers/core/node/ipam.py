"""Gives each node its part of the cluster's Pod addresses.

What is taken is read from the nodes themselves; a choice that the informer does not show yet is remembered.
"""

from __future__ import annotations

import ipaddress

from msgspec import Struct, field

from wherry.api import errors
from wherry.api.core.node import NODES
from wherry.api.types.core_v1 import Node
from wherry.client import Informer, Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class State(Struct, frozen=True):
    nodes: Informer[Node]
    cluster: Network
    prefix: int
    chosen: dict[str, str] = field(default_factory=dict)
    """Node -> what was written to it last, until the informer shows it."""


def first_free(cluster: Network, prefix: int, taken: set[str]) -> str | None:
    """The lowest subnet that overlaps no taken one; None when all are."""
    used = [ipaddress.ip_network(cidr, strict=False) for cidr in taken]
    same = {str(network) for network in used if network.prefixlen == prefix}
    others = [network for network in used if network.prefixlen != prefix]
    for subnet in cluster.subnets(new_prefix=prefix):
        if str(subnet) not in same and not any(subnet.overlaps(other) for other in others):
            return str(subnet)
    return None


def start(deps: Deps) -> State:
    cluster = ipaddress.ip_network(deps.settings["cluster_cidr"])
    return State(deps.client.informer(NODES, Node), cluster, deps.settings["node_prefix"])


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    node = state.nodes.get(key)
    if node is None or node.spec.pod_cidr:
        state.chosen.pop(key.name, None)
        return DONE
    taken = {cidr for other in state.nodes.list() for cidr in other.spec.pod_cidrs or (other.spec.pod_cidr,) if cidr}
    cidr = first_free(state.cluster, state.prefix, taken | set(state.chosen.values()))
    if cidr is None:
        message = f"Node {key.name} status is now: CIDRNotAvailable"
        deps.events.event(node, "Normal", "CIDRNotAvailable", message)
        raise errors.ServiceUnavailable(f"no subnet of {state.cluster} is left for node {key.name}")
    state.chosen[key.name] = cidr
    patch = {"metadata": {"uid": node.metadata.uid}, "spec": {"podCIDR": cidr, "podCIDRs": [cidr]}}
    try:
        await deps.client.patch(NODES, key.name, patch)
    except errors.NotFound:
        state.chosen.pop(key.name, None)
    return DONE


def controller(cluster_cidr: str, node_prefix: int = 24) -> Controller:
    """Cut `cluster_cidr` into parts of `node_prefix` bits."""
    return Controller(
        name="node-ipam-controller",
        reconciles=NODES,
        view=Node,
        reconcile=reconcile,
        writes=("nodes/spec.podCIDR",),
        start=start,
        workers=1,
        component="cidrAllocator",
        settings={"cluster_cidr": cluster_cidr, "node_prefix": node_prefix},
    )
