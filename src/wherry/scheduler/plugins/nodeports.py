"""No other Pod of the node holds a host port that the Pod asks for (upstream: NodePorts).

The wildcard address 0.0.0.0 collides with every address of the same protocol and port.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import HostPort, NodeInfo, PodInfo
from wherry.scheduler.rules import NODE, PLACED_POD, Action, Check, Filter, Hint, Plugin, Refusal

_ANY = "0.0.0.0"
_REFUSAL = Refusal(("node(s) didn't have free ports for the requested pod ports",))


def sign(pod: PodInfo) -> Hashable:
    return pod.ask.host_ports


def prepare(pod: PodInfo, _: Cluster) -> Check | None:
    wanted = pod.ask.host_ports
    if not wanted:
        return None

    def check(node: NodeInfo) -> Refusal | None:
        return _REFUSAL if any(_collides(port, node.host_ports) for port in wanted) else None

    return check


def pod_helps(pod: PodInfo, old: PodInfo, _: PodInfo | None) -> bool:
    """A Pod is gone that held one of the ports."""
    return any(_collides(port, old.ask.host_ports) for port in pod.ask.host_ports)


def _collides(wanted: HostPort, taken: Iterable[HostPort]) -> bool:
    address, protocol, port = wanted
    return any(
        (protocol, port) == (other_protocol, other_port) and (address == other or _ANY in (address, other))
        for other, other_protocol, other_port in taken
    )


NODE_PORTS = Plugin(
    "NodePorts",
    filter=Filter(prepare, sign),
    hints=(Hint(PLACED_POD, Action.DELETE, pod_helps), Hint(NODE, Action.ADD)),
)
