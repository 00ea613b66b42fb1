"""What pods are told about, or measured against, of the node they run on."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from wherry.kubelet.pods.dns import ClusterDns
from wherry.kubelet.runtime.model import DnsConfig


class NodeView(Struct, frozen=True):
    """The node as its pods meet it.

    Attributes:
        memory: the host's memory in bytes.
        allocatable: quantities by resource name.
        host_dns: the host's resolver settings.
    """

    name: str
    host_ips: tuple[str, ...] = ()
    memory: int = 0
    allocatable: Mapping[str, str] = field(default_factory=dict)
    dns: ClusterDns = field(default_factory=ClusterDns)
    host_dns: DnsConfig = field(default_factory=DnsConfig)
    max_pods: int = 110
