"""A range of numbers (addresses are numbers too), and which of them to give out next.

The lower part is for those who ask for a certain number, the upper for those who take any; only when that is used up
are they given lower ones. Whoever knows this can choose fixed numbers that never collide. (KEP-3070, KEP-3668)
"""

from __future__ import annotations

import random
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct

_FEWEST_FIXED = 16
_MOST_FIXED_ADDRESSES, _ADDRESSES_PER_FIXED = 256, 16
_MOST_FIXED_PORTS, _PORTS_PER_FIXED = 128, 32


class Span(Struct, frozen=True):
    """The numbers from `first` to `last`, of which the lowest `fixed` are given out last."""

    first: int
    last: int
    fixed: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def find(self, is_free: Callable[[int], bool], chance: random.Random) -> int | None:
        """A free number: from a random place of the upper band upwards, then of the lower; None if there is none."""
        boundary = self.first + self.fixed
        found = _scan(boundary, self.last, is_free, chance)
        return _scan(self.first, boundary - 1, is_free, chance) if found is None else found


def _scan(first: int, last: int, is_free: Callable[[int], bool], chance: random.Random) -> int | None:
    if last < first:
        return None
    start = chance.randrange(first, last + 1)
    for low, high in ((start, last), (first, start - 1)):
        for number in range(low, high + 1):
            if is_free(number):
                return number
    return None


def address_span(network: IPv4Network | IPv6Network) -> Span:
    """The addresses of a network that Services can have: not that of the network itself, nor IPv4's broadcast."""
    first, last = int(network.network_address) + 1, int(network.broadcast_address)
    return Span(first, last - 1 if network.version == 4 else last, _fixed_addresses(network.num_addresses))


def port_span(first: int, last: int) -> Span:
    count = last - first + 1
    fixed = 0 if count <= _FEWEST_FIXED else min(max(_FEWEST_FIXED, count // _PORTS_PER_FIXED), _MOST_FIXED_PORTS)
    return Span(first, last, fixed)


def _fixed_addresses(count: int) -> int:
    if count <= _FEWEST_FIXED:
        return 0
    return min(max(_FEWEST_FIXED, count // _ADDRESSES_PER_FIXED), _MOST_FIXED_ADDRESSES)
