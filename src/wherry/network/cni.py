"""This node's CNI configuration: a bridge, addresses from the node's pod CIDR, masquerade, and ports of the host.

The list is written in one step (a rename), because the runtime watches the folder and must never read half of it. It is
only written when it changes: each write makes the runtime load its network anew.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

from msgspec import Struct

CONFLIST = "10-wherry.conflist"


class PodNetwork(Struct, frozen=True):
    """How this node's pods are connected.

    Attributes:
        cidrs: the node's pod CIDRs, one for each address family.
        bridge: the host's interface that pods hang on (at most 15 characters).
        mtu: 0 leaves it to the kernel.
        data: where host-local keeps which address is taken; must not survive a reboot.
    """

    cidrs: tuple[str, ...]
    bridge: str
    data: Path
    mtu: int = 0
    masquerade: bool = True


def conflist(network: PodNetwork) -> dict[str, Any]:
    """The configuration list as CNI 1.0 has it."""
    ranges = [[{"subnet": str(ipaddress.ip_network(cidr))}] for cidr in network.cidrs]
    routes = [{"dst": "::/0" if ":" in cidr else "0.0.0.0/0"} for cidr in network.cidrs]
    bridge: dict[str, Any] = {
        "type": "bridge",
        "bridge": network.bridge,
        "isGateway": True,
        "ipMasq": network.masquerade,
        "hairpinMode": True,
        "forceAddress": True,
        "ipam": {"type": "host-local", "dataDir": str(network.data), "ranges": ranges, "routes": routes},
    }
    if network.mtu:
        bridge["mtu"] = network.mtu
    return {
        "cniVersion": "0.4.0",
        "name": "wherry",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}],
    }


def write_conflist(folder: Path, network: PodNetwork) -> bool:
    """Write the list where the runtime looks for it; says whether anything changed."""
    text = json.dumps(conflist(network), indent=1) + "\n"
    target = folder / CONFLIST
    try:
        if target.read_text() == text:
            return False
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{CONFLIST}"
    draft.write_text(text)
    draft.replace(target)
    return True
