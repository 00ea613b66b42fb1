"""Which routes and which masquerade a node needs, given all nodes. Pure.

A pod keeps its own address wherever it goes within the cluster: routes lead to other nodes' pods, and only what leaves
the cluster is masqueraded. What is "within" are the pod CIDRs of all nodes there are, so no setting has to agree with
the server's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct

TABLE = "wherry-network"


class Metadata(msgspec.Struct, frozen=True):
    name: str = ""


class Spec(msgspec.Struct, frozen=True, rename={"pod_cidr": "podCIDR", "pod_cidrs": "podCIDRs"}):
    pod_cidr: str = ""
    pod_cidrs: tuple[str, ...] = ()


class Address(msgspec.Struct, frozen=True):
    type: str = ""
    address: str = ""


class Status(msgspec.Struct, frozen=True):
    addresses: tuple[Address, ...] = ()


class NodeFacts(msgspec.Struct, frozen=True):
    """As much of a Node as the network looks at."""

    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Status()

    @property
    def cidrs(self) -> tuple[str, ...]:
        return self.spec.pod_cidrs or ((self.spec.pod_cidr,) if self.spec.pod_cidr else ())

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where other nodes reach it."""
        return tuple(each.address for each in self.status.addresses if each.type == "InternalIP")


class Route(Struct, frozen=True, order=True):
    """To the pods of another node, by way of that node's address."""

    destination: str
    gateway: str


class Changes(Struct, frozen=True):
    """What makes the routes that are there those that are wanted. Added ones replace what has their destination."""

    add: tuple[Route, ...]
    remove: tuple[Route, ...]


def wanted_routes(nodes: Iterable[NodeFacts], own: str) -> list[Route]:
    """One to each CIDR of each other node that has an address of the same family."""
    found = []
    for node in nodes:
        if node.metadata.name == own:
            continue
        by_family = {_family(address): address for address in reversed(node.addresses)}
        found += [Route(cidr, by_family[_family(cidr)]) for cidr in node.cidrs if _family(cidr) in by_family]
    return sorted(found)


def changes(wanted: Collection[Route], present: Collection[Route]) -> Changes:
    """Destinations that stay are replaced, never removed and added, so that no packet goes astray between the two."""
    destinations = {route.destination for route in wanted}
    return Changes(
        add=tuple(route for route in wanted if route not in present),
        remove=tuple(route for route in present if route.destination not in destinations),
    )


def masquerade(nodes: Iterable[NodeFacts], own: str) -> str:
    """The whole nft table, as a script that replaces the one there is in one step."""
    everyone = list(nodes)
    mine = [cidr for node in everyone if node.metadata.name == own for cidr in node.cidrs]
    pods = sorted({cidr for node in everyone for cidr in node.cidrs})
    families = {4: ("pods4", "ipv4_addr", "ip", "224.0.0.0/4"), 6: ("pods6", "ipv6_addr", "ip6", "ff00::/8")}
    sets, rules = [], []
    for family, (name, kind, word, multicast) in families.items():
        sets.append(_set(name, kind, [cidr for cidr in pods if _family(cidr) == family]))
        rules += [
            f"    {word} saddr {cidr} {word} daddr != @{name} {word} daddr != {multicast} masquerade"
            for cidr in mine
            if _family(cidr) == family
        ]
    chain = ["  chain postrouting {", "    type nat hook postrouting priority 100; policy accept;", *rules, "  }"]
    # Declared before it is deleted: deleting a table that is not there fails the script.
    return "\n".join(
        [f"table inet {TABLE} {{}}", f"delete table inet {TABLE}", f"table inet {TABLE} {{", *sets, *chain, "}", ""]
    )


def is_on_link(answer: Collection[Mapping[str, object]]) -> bool:
    """Whether `ip -json route get` says that an address is reached without a router in between."""
    return any("gateway" not in each and each.get("type") != "local" for each in answer)


def _set(name: str, kind: str, cidrs: list[str]) -> str:
    elements = f" elements = {{ {', '.join(cidrs)} }};" if cidrs else ""
    return f"  set {name} {{ type {kind}; flags interval;{elements} }}"


def _family(text: str) -> int:
    """4 or 6, of an address or a CIDR."""
    return ipaddress.ip_interface(text).version
