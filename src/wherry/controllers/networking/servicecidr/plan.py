"""Whether a range may go: every address that was given out from it must lie in another range too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_NAME = "kubernetes"
"""The ServiceCIDR that stands for the ranges of the server itself."""


def can_go(cidrs: Sequence[str], others: Iterable[str], addresses: Iterable[Address]) -> bool:
    """`others` are the ranges of all other ServiceCIDRs, `addresses` what Services have."""
    own, kept = [ip_network(cidr) for cidr in cidrs], [ip_network(cidr) for cidr in others]
    if all(any(_contains(other, network) for other in kept) for network in own):
        return True
    return not any(
        any(address in network for network in own) and not any(address in network for network in kept)
        for address in addresses
    )


def _contains(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)
