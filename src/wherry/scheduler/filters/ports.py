"""No other Pod of the node holds a host port that the Pod asks for (upstream: NodePorts).

The wildcard address 0.0.0.0 collides with every address of the same protocol and port.
"""

from __future__ import annotations

from collections.abc import Iterable

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import HostPort, NodeInfo, PodInfo
from wherry.scheduler.rules import FITS, POD_REMOVED, Check, Filter

_ANY = "0.0.0.0"
_REASON = ("node(s) didn't have free ports for the requested pod ports",)


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    if not pod.host_ports:
        return None

    def check(node: NodeInfo) -> tuple[str, ...]:
        return _REASON if any(_collides(port, node.host_ports) for port in pod.host_ports) else FITS

    return check


def _collides(wanted: HostPort, taken: Iterable[HostPort]) -> bool:
    address, protocol, port = wanted
    return any(
        (protocol, port) == (other_protocol, other_port) and (address == other or _ANY in (address, other))
        for other, other_protocol, other_port in taken
    )


PORTS = Filter("NodePorts", prepare, frozenset({POD_REMOVED}))
