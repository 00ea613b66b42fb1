"""Whether a node has room for a pod beside others. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from wherry.api.core.resourcenames import is_extended
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.resources import byte_count, milli_cpu, pod_requests
from wherry.kubelet.pods.restart import is_sidecar

ANY_ADDRESS = "0.0.0.0"
HostPort = tuple[str, str, int]
"""(address, protocol, number)"""
_FIRST = ("cpu", "memory", "ephemeral-storage")
"""Resources that are looked at before all others, in upstream's order."""


class Shortage(Struct, frozen=True):
    """A resource that does not suffice, in the units of `pod_requests`."""

    resource: str
    requested: int
    used: int
    capacity: int

    @property
    def missing(self) -> int:
        return self.requested - (self.capacity - self.used)

    def __str__(self) -> str:
        return (
            f"Node didn't have enough resource: {self.resource}, requested: {self.requested}, "
            f"used: {self.used}, capacity: {self.capacity}"
        )


class Taken:
    """What pods take of their node. Whoever lets them in and sees them end keeps it up to date."""

    __slots__ = ("_pods", "_ports", "_used")

    def __init__(self, pods: Iterable[Pod] = ()) -> None:
        self._pods: dict[str, tuple[Mapping[str, int], tuple[HostPort, ...]]] = {}
        self._used: Counter[str] = Counter()
        self._ports: Counter[HostPort] = Counter()
        for pod in pods:
            self.add(pod)

    def __len__(self) -> int:
        return len(self._pods)

    def __contains__(self, uid: str) -> bool:
        return uid in self._pods

    def add(self, pod: Pod) -> None:
        """It is here, or asks for something else than before."""
        uid = pod.metadata.uid
        self.remove(uid)
        requests, ports = pod_requests(pod), tuple(host_ports(pod))
        self._pods[uid] = requests, ports
        for name, amount in requests.items():
            self._used[name] += amount
        for port in ports:
            self._ports[port] += 1

    def remove(self, uid: str) -> None:
        """It takes nothing any more."""
        requests, ports = self._pods.pop(uid, ({}, ()))
        for name, amount in requests.items():
            self._used[name] -= amount
        for port in ports:
            self._ports[port] -= 1
            if not self._ports[port]:
                del self._ports[port]  # Over the years a node sees all of them.

    def shortages(self, pod: Pod, allocatable: Mapping[str, int]) -> Iterator[Shortage]:
        """What would not suffice for one more, the number of pods first."""
        if len(self._pods) + 1 > (most := allocatable.get("pods", 0)):
            yield Shortage("pods", 1, len(self._pods), most)
        wanted = pod_requests(pod)
        for name in (*_FIRST, *sorted({*wanted} - {*_FIRST})):
            amount, have = wanted.get(name, 0), allocatable.get(name, 0)
            # What the node has never heard of is counted elsewhere: for the whole cluster, or by claims.
            if amount and self._used[name] + amount > have and (name in allocatable or not is_extended(name)):
                yield Shortage(name, amount, self._used[name], have)

    def is_taken(self, port: HostPort) -> bool:
        """Whether somebody listens there, or on all addresses, or a new listener on all would meet one on any."""
        address, *rest = port
        return any(
            rest == [*other[1:]] and (address == other[0] or ANY_ADDRESS in (address, other[0]))
            for other in self._ports
        )


def allocatable_of(quantities: Mapping[str, str]) -> dict[str, int]:
    """What a node can give to pods, in the units of `pod_requests`."""
    return {name: milli_cpu(quantities) if name == "cpu" else byte_count(quantities, name) for name in quantities}


def active_beside(pod: Pod, others: Iterable[Pod]) -> list[Pod]:
    """Those of the others that take room: neither the pod itself nor what has come to its end."""
    return [each for each in others if each.metadata.uid != pod.metadata.uid and each.status.phase not in TERMINAL]


def host_ports(pod: Pod) -> Iterator[HostPort]:
    """Ports of the node that the pod listens on."""
    sidecars = (each for each in pod.spec.init_containers if is_sidecar(each))
    for container in (*pod.spec.containers, *sidecars):
        for port in container.ports:
            if port.host_port:
                yield port.host_ip or ANY_ADDRESS, port.protocol or "TCP", port.host_port
