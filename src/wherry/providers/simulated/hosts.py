"""The simulated nodes themselves: what each has, and how it is."""

from __future__ import annotations

import ipaddress
import socket
from enum import Enum

from msgspec import Struct, field

from wherry.api import Obj
from wherry.kubelet.pods.room import Taken
from wherry.lib.clock import format_time
from wherry.providers.simulated.nodespec import NodeSpec, node_object, node_status


class Condition(Enum):
    """How a node is."""

    UP = "up"
    FAILED = "failed"
    """Switched off: nothing runs there, and nothing of it is heard."""
    PARTITIONED = "partitioned"
    """Its Pods go on, but it and the API do not reach each other."""


class Addresses:
    """The addresses of one node's Pods: handed out in turn, so that one just freed is not used again at once."""

    __slots__ = ("_first", "_next", "_size", "_taken")

    def __init__(self, cidr: str) -> None:
        network = ipaddress.ip_network(cidr)
        self._first = int(network.network_address)
        self._size = network.num_addresses
        self._next = 2  # the first is the network's own, the second its gateway's
        self._taken = 0

    def take(self) -> str:
        """A free address; "" when there is none."""
        for step in range(self._size - 3):
            offset = 2 + (self._next - 2 + step) % (self._size - 3)
            if not self._taken >> offset & 1:
                self._taken |= 1 << offset
                self._next = offset + 1
                return str(ipaddress.IPv4Address(self._first + offset))
        return ""

    def claim(self, address: str) -> None:
        """An address is in use already."""
        if (offset := self._offset(address)) is not None:
            self._taken |= 1 << offset

    def give_back(self, address: str) -> None:
        if (offset := self._offset(address)) is not None:
            self._taken &= ~(1 << offset)

    def _offset(self, address: str) -> int | None:
        offset = int.from_bytes(socket.inet_aton(address)) - self._first if address else -1
        return offset if 0 <= offset < self._size else None


class Host(Struct):
    """One node. Implements `heartbeats.Member` and `pulling.Images`."""

    spec: NodeSpec
    addresses: Addresses
    condition: Condition = Condition.UP
    is_changed: bool = False
    """It has something new to say of itself."""
    conditions: list[Obj] = field(default_factory=list)
    """What it last said of how it is."""
    is_played: bool = False
    """Stages say how it is, and its heartbeats leave that alone; it begins as kwok's `node-initialize` leaves it."""
    images: dict[str, int] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)
    """What its Pods take of it."""

    @classmethod
    def of(cls, spec: NodeSpec) -> Host:
        return cls(spec, Addresses(spec.pod_cidr))

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_heard(self) -> bool:
        return self.condition is Condition.UP

    def describe(self, now: float) -> Obj:
        node = node_object(self.spec, now, self._images())
        if self.is_played:
            node["status"]["phase"] = "Running"
        self.conditions = node["status"]["conditions"]
        return node

    def adopt(self, node: Obj) -> None:
        """Go on with the addresses and images that the Node has."""
        cidr = node["spec"].get("podCIDR")
        if cidr and cidr != self.spec.pod_cidr:
            self.addresses = Addresses(cidr)
        self.conditions = (node.get("status") or {}).get("conditions") or []
        for image in (node.get("status") or {}).get("images") or ():
            for name in image.get("names") or ():
                self.images.setdefault(name, image.get("sizeBytes") or 0)

    def status(self, now: float) -> Obj:
        self.is_changed = False
        status = node_status(self.spec, now, self._images(), self.conditions)
        if self.is_played:
            beat = {"lastHeartbeatTime": format_time(now)}
            status["conditions"] = [{**condition, **beat} for condition in self.conditions]
        self.conditions = status["conditions"]
        return status

    def has(self, image: str) -> bool:
        return image in self.images

    def add(self, image: str, size: int) -> None:
        if image not in self.images:
            self.images[image] = size
            self.is_changed = True

    def _images(self) -> list[Obj]:
        largest = sorted(self.images.items(), key=lambda each: (-each[1], each[0]))[:50]
        return [{"names": [name], "sizeBytes": size} for name, size in largest]
