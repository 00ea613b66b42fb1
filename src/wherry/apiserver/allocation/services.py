"""What a Service is given when it is made or changed: addresses of its families, node ports.

The order is upstream's: what the writer left out is filled in from the stored object, the two spellings of the address
are brought in step, the families are settled, and then numbers are looked for. Whatever fails ends the request, and the
claim gives everything back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.api.core.servicespec.defaults import complete_addresses, keep_allocated, wants_no_address
from wherry.api.core.servicespec.families import settle_families
from wherry.api.core.servicespec.needs import HEADLESS, IPV4, IPV6, Spec, family_of
from wherry.api.errors import AlreadyExists, InternalError, Invalid
from wherry.api.field import invalid
from wherry.api.networking.ipaddress import IPADDRESSES
from wherry.api.networking.servicecidr import SERVICECIDRS
from wherry.apiserver.allocation import AllocationSettings
from wherry.apiserver.allocation.cidrs import Cidrs
from wherry.apiserver.allocation.claim import NumberClaim
from wherry.apiserver.allocation.pool import Pool
from wherry.apiserver.allocation.ports import Ports, held_ports
from wherry.apiserver.allocation.spans import port_span
from wherry.apiserver.attributes import Reader
from wherry.apiserver.core import Allocators, Claim
from wherry.watchcache.item import Item

_TAKEN, _FULL = "provided IP is already allocated", "range is full"
_ELSEWHERE = "the provided network does not match the current range"


MANAGED_BY, MANAGER = "ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io"
"""The label of IPAddress objects that merely show what Services have."""


class ServiceAllocator:
    """Knows which addresses and node ports are taken, from the first claim on."""

    __slots__ = ("_chance", "_cidrs", "_is_begun", "_reader", "_settings", "foreign", "pools", "ports")

    def __init__(self, settings: AllocationSettings, reader: Reader, chance: random.Random) -> None:
        self._settings = settings
        self._reader = reader
        self._chance = chance
        self._is_begun = False
        self._cidrs = Cidrs(settings.cidrs)
        self.pools = {IPV4: Pool(), IPV6: Pool()}
        """Addresses that Services have."""
        self.foreign = {IPV4: Pool(), IPV6: Pool()}
        """Addresses that IPAddress objects of others hold."""
        self.ports = Ports(port_span(settings.first_port, settings.last_port), chance)

    def allocators(self) -> Allocators:
        """For `Core.allocators`."""
        return {SERVICES: self._claim_for_service, IPADDRESSES: self._claim_for_address}

    @property
    def families(self) -> Sequence[str]:
        """Those of the control plane, its own first."""
        return self._cidrs.families

    def find_address(self, family: str) -> int | None:
        """An address that nobody has; ranges are tried in turn."""
        stored, foreign = self.pools[family].is_free, self.foreign[family].is_free
        for span in self._cidrs.spans(family):
            number = span.find(lambda n: stored(n) and foreign(n), self._chance)
            if number is not None:
                return number
        return None

    def refusal(self, family: str, number: int) -> str:
        """Why a certain address cannot be given; "" if it can."""
        if not any(number in span for span in self._cidrs.spans(family)):
            return _ELSEWHERE
        return "" if self.pools[family].is_free(number) and self.foreign[family].is_free(number) else _TAKEN

    def _claim_for_service(self) -> Claim:
        self._begin()
        return ServiceClaim(self)

    def _claim_for_address(self) -> Claim:
        self._begin()
        return AddressClaim(self)

    def _begin(self) -> None:
        """Take over what there is, and hear of every change from now on; both in one turn of the event loop."""
        if self._is_begun:
            return
        self._is_begun = True
        for resource, observer in (
            (SERVICES, self._hear_service),
            (IPADDRESSES, self._hear_address),
            (SERVICECIDRS, self._hear_cidr),
        ):
            for item in self._reader.list(resource):
                observer(None, item)
            self._reader.observe(resource, observer)

    def _hear_service(self, before: Item | None, after: Item | None) -> None:
        old, new = _spec(before), _spec(after)
        _change(self.pools, old.get("clusterIPs") or (), new.get("clusterIPs") or ())
        self.ports.pool.replace(held_ports(old), held_ports(new))

    def _hear_address(self, before: Item | None, after: Item | None) -> None:
        _change(self.foreign, _held_by_others(before), _held_by_others(after))

    def _hear_cidr(self, before: Item | None, after: Item | None) -> None:
        self._cidrs.change(before.decode() if before else None, after.decode() if after else None)


class ServiceClaim(NumberClaim):
    """What one Service is given."""

    __slots__ = ("_allocator",)

    def __init__(self, allocator: ServiceAllocator) -> None:
        super().__init__()
        self._allocator = allocator

    def give(self, new: Obj, old: Obj | None) -> None:
        """See `core.Claim`."""
        self.release()
        name = new["metadata"].get("name") or ""
        spec, before = new["spec"], old["spec"] if old is not None else None
        if before is not None:
            keep_allocated(spec, before)
        complete_addresses(spec, before)
        if faults := settle_families(spec, before, self._allocator.families):
            raise Invalid.of(SERVICES, name, faults)
        if (since := _first_to_give(spec, before)) is not None:
            self._give_addresses(name, spec, since)
        self._allocator.ports.complete(SERVICES, name, spec, before, self)

    def _give_addresses(self, name: str, spec: Spec, since: int) -> None:
        addresses: list[str] = list(spec.get("clusterIPs") or ())
        for index, family in enumerate(spec.get("ipFamilies") or ()):
            if index == len(addresses):
                addresses.append(self._any(family))
            elif index >= since:
                self._certain(name, addresses, addresses[index])
        if addresses:
            spec["clusterIP"], spec["clusterIPs"] = addresses[0], addresses

    def _any(self, family: str) -> str:
        number = self._allocator.find_address(family)
        if number is None:
            raise InternalError.of(f"failed to allocate a serviceIP: {_FULL}")
        self.take(self._allocator.pools[family], number)
        return str(IPv4Address(number) if family == IPV4 else IPv6Address(number))

    def _certain(self, name: str, addresses: list[str], wanted: str) -> None:
        """The address that the writer asks for."""
        family, number = family_of(wanted), int(ip_address(wanted))
        if fault := self._allocator.refusal(family, number):
            why = f"failed to allocate IP {wanted}: {fault}"
            raise Invalid.of(SERVICES, name, [invalid("spec.clusterIPs", addresses, why)])
        self.take(self._allocator.pools[family], number)


class AddressClaim(NumberClaim):
    """What an IPAddress object holds: the address that it is called after, which no Service has or is about to get."""

    __slots__ = ("_allocator",)

    def __init__(self, allocator: ServiceAllocator) -> None:
        super().__init__()
        self._allocator = allocator

    def give(self, new: Obj, old: Obj | None) -> None:
        """See `core.Claim`."""
        self.release()
        if old is not None or _is_managed(new["metadata"].get("labels")):
            return
        name = new["metadata"].get("name") or ""
        for family, number in _addresses([name]):
            if not self._allocator.pools[family].is_free(number):
                raise AlreadyExists.of(IPADDRESSES, name)
            self.take(self._allocator.foreign[family], number)


def _first_to_give(spec: Spec, before: Spec | None) -> int | None:
    """From which of its addresses on a Service is to be given them; None if it has or wants none.

    One that comes from nothing gets all. One that has an address may get a second when it is to have two families;
    all other changes of addresses are left for validation to refuse.
    """
    if wants_no_address(spec):
        return None
    if before is None or not before.get("clusterIPs"):
        return 0
    if wants_no_address(before):
        return None
    is_upgraded = len(before.get("ipFamilies") or ()) == 1 and len(spec.get("ipFamilies") or ()) == 2
    return 1 if is_upgraded else None


def _is_managed(labels: Mapping[str, str] | None) -> bool:
    return (labels or {}).get(MANAGED_BY) == MANAGER


def _held_by_others(item: Item | None) -> Sequence[str]:
    return () if item is None or _is_managed(item.labels) else (item.name,)


def _spec(item: Item | None) -> Spec:
    spec: Spec = (item.decode().get("spec") or {}) if item is not None else {}
    return spec


def _change(pools: Mapping[str, Pool], before: Sequence[str], after: Sequence[str]) -> None:
    if before != after:
        old, new = _addresses(before), _addresses(after)
        for family, pool in pools.items():
            pool.replace([n for f, n in old if f == family], [n for f, n in new if f == family])


def _addresses(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Families and numbers of those that are addresses."""
    found = []
    for text in texts:
        if text == HEADLESS:
            continue
        try:
            found.append((family_of(text), int(ip_address(text))))
        except ValueError:
            continue  # An IPAddress object of such a name is refused by validation.
    return found
