"""What can be set of each role, with the defaults that suit one machine."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from wherry.roles.paths import Paths

API_PORT = 6443
KUBELET_PORT = 10250
CLUSTER_CIDR = "10.42.0.0/16"
SERVICE_CIDR = "10.43.0.0/16"
CLUSTER_DOMAIN = "cluster.local"


class ServerSettings(Struct, frozen=True):
    """`wherry server`."""

    paths: Paths
    port: int = API_PORT
    bind_address: str = "0.0.0.0"
    advertise_address: str = ""
    """Where others reach us; "" finds the address of the default route."""
    tls_names: tuple[str, ...] = ()
    """More names and addresses for the serving certificate."""
    cluster_cidr: str = CLUSTER_CIDR
    service_cidr: str = SERVICE_CIDR
    cluster_domain: str = CLUSTER_DOMAIN
    node_name: str = ""
    """The node on this machine whose identity is prepared; "" takes the host's name."""
    simulate: int = 0
    """How many nodes to simulate."""
    stages: tuple[Path, ...] = ()
    """Files of stages that their Pods go through."""
    scheduler_config: Path | None = None
    """A KubeSchedulerConfiguration."""
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    """Features of Kubernetes that are switched on or off."""


def simulated_name(number: int) -> str:
    """What the simulated node of that number is called; they are counted from 1."""
    return f"node-{number}"


def host_name() -> str:
    """This machine's name as a node name: lower case, as the kubelet does."""
    return socket.gethostname().strip().lower()


def primary_address() -> str:
    """The address of the interface that the default route leaves by; loopback where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it only asks the routing table. TEST-NET-3 is nobody's.
            probe.connect(("203.0.113.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
