"""The ranges that Services get their addresses from: those the control plane began with, and ServiceCIDR objects.

A ServiceCIDR gives out addresses while it is Ready and not on its way out. The control plane's own ranges are there
from the first moment, before the object `kubernetes` that stands for them is Ready, and end with it. (KEP-1880)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from wherry.api import Obj
from wherry.api.core.servicespec.needs import IPV4, IPV6
from wherry.api.meta.conditions import is_true
from wherry.apiserver.allocation.spans import Span, address_span

Network = IPv4Network | IPv6Network

DEFAULT_NAME = "kubernetes"
"""The ServiceCIDR that stands for the control plane's own ranges."""


def family_of_network(network: Network) -> str:
    return IPV4 if network.version == 4 else IPV6


def default_object(cidrs: Sequence[str]) -> Obj:
    """The ServiceCIDR `kubernetes`."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": DEFAULT_NAME},
        "spec": {"cidrs": list(cidrs)},
    }


class Cidrs:
    """Spans by family, of all ServiceCIDRs that give out addresses."""

    __slots__ = ("_own", "_present", "_spans", "families")

    def __init__(self, cidrs: Sequence[str]) -> None:
        self._own = [ip_network(cidr) for cidr in cidrs]
        self.families = tuple(family_of_network(network) for network in self._own)
        """Those of the control plane, its own first; ServiceCIDRs of other families have no say."""
        self._present: dict[str, Obj] = {}
        self._spans: dict[str, list[Span]] = {}
        self._renew()

    def spans(self, family: str) -> Sequence[Span]:
        return self._spans[family]

    def change(self, before: Obj | None, after: Obj | None) -> None:
        """A ServiceCIDR was made, changed or deleted."""
        if after is not None:
            self._present[after["metadata"]["name"]] = after
        elif before is not None:
            self._present.pop(before["metadata"]["name"], None)
        self._renew()

    def _renew(self) -> None:
        spans: dict[str, dict[Span, None]] = {family: {} for family in self.families}
        for network in self._networks():
            if (family := family_of_network(network)) in spans:
                spans[family][address_span(network)] = None
        self._spans = {family: list(found) for family, found in spans.items()}

    def _networks(self) -> Iterator[Network]:
        default = self._present.get(DEFAULT_NAME)
        if default is None or not default["metadata"].get("deletionTimestamp"):
            yield from self._own
        for obj in self._present.values():
            conditions = (obj.get("status") or {}).get("conditions")
            if not obj["metadata"].get("deletionTimestamp") and is_true(conditions, "Ready"):
                for cidr in (obj.get("spec") or {}).get("cidrs") or ():
                    yield ip_network(cidr)
