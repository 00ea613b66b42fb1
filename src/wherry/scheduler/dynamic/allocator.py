"""The search for devices: claim by claim, request by request, device by device, and back where that leads nowhere.

Every order of devices within a request is the same to us, so each request takes devices in the order in which they are
offered. Alternatives of a request are tried in the order of preference. The first solution is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from wherry.api.meta.quantity import parse_quantity
from wherry.scheduler.dynamic.constraints import Constraint, constraints
from wherry.scheduler.dynamic.pools import Device, DeviceId, Pool, PoolId
from wherry.scheduler.dynamic.requests import Demand, Wanted
from wherry.scheduler.dynamic.sharing import share

MOST_RESULTS = 32
"""Devices that one claim may get."""
_MOST_STEPS = 50_000
"""After which a node is given up, so that nobody else has to wait for long."""

Matches = Callable[[Wanted, Device], bool]


class Failed(Exception):
    """The node cannot be judged; says why."""


class Wrong(Exception):
    """There is an error in a claim, or in what is offered for it, and no node will be judged; says which."""


class Given(Struct, frozen=True):
    """A device for a request."""

    wanted: Wanted
    device: Device
    share: Mapping[str, str] | None = None
    """What of its capacities is for the request, if others may have the rest."""


Shared = Callable[[DeviceId], Mapping[str, Decimal] | None]
"""What claims have of a device of which others may have the rest; None if nobody has a share of it."""


def allocate(
    demands: Sequence[Demand],
    pools: Sequence[Pool],
    is_taken: Callable[[DeviceId], bool],
    matches: Matches,
    shared: Shared = lambda _: None,
) -> list[list[Given]] | None:
    """What each of the claims gets from these pools; None when they do not suffice. Raises Failed and Wrong."""
    return _Search(demands, pools, is_taken, matches, shared).run()


class _Search:
    """The state of one search, as of the step that it is at."""

    def __init__(
        self,
        demands: Sequence[Demand],
        pools: Sequence[Pool],
        is_taken: Callable[[DeviceId], bool],
        matches: Matches,
        shared: Shared,
    ) -> None:
        self._demands = demands
        self._pools = {pool.id: pool for pool in pools}
        self._offered = [device for pool in pools if not pool.is_invalid for device in pool.devices]
        self._is_taken = is_taken
        self._matches = matches
        self._shared = shared
        self._shares: dict[DeviceId, dict[str, Decimal]] = {}
        """What this search gives of devices that are shared."""
        self._fitting: dict[Wanted, list[Device]] = {}
        self._constraints = [_constraints(one) for one in demands]
        self._given: list[list[Given]] = [[] for _ in demands]
        self._users: dict[DeviceId, list[tuple[int, bool]]] = {}
        """(claim, for administration) by device that is given by this search."""
        self._left: dict[PoolId, dict[tuple[str, str], Decimal]] = {}
        self._steps = 0

    def run(self) -> list[list[Given]] | None:
        for demand in self._demands:
            for wanted in (one for alternatives in demand.requests for one in alternatives):
                self._check_pools(demand, wanted)
            least = sum(min(self._number(one) for one in alternatives) for alternatives in demand.requests)
            if least > MOST_RESULTS:
                name = f"{demand.claim.metadata.namespace}/{demand.claim.metadata.name}"
                text = f"number of requested devices {least} exceeds the claim limit of {MOST_RESULTS}"
                raise Wrong(f"claim {name}: {text}")
        if self._claim(0):
            return self._given
        if any(pool.is_invalid for pool in self._pools.values()):
            raise Failed("invalid resource pools were encountered")
        return None

    def _check_pools(self, demand: Demand, wanted: Wanted) -> None:
        if wanted.count is not None:
            return
        name = f"{demand.claim.metadata.namespace}/{demand.claim.metadata.name}"
        for pool in self._pools.values():
            state = "being updated" if pool.is_incomplete else "invalid" if pool.is_invalid else ""
            if state:
                where = f"resource pool {'/'.join(pool.id)} is currently {state}"
                raise Wrong(f"claim {name}, request {wanted.name}: asks for all devices, but {where}")

    def _claim(self, claim: int) -> bool:
        return claim == len(self._demands) or self._request(claim, 0)

    def _request(self, claim: int, request: int) -> bool:
        requests = self._demands[claim].requests
        if request == len(requests):
            return self._claim(claim + 1)
        return any(self._devices(claim, request, wanted, 0, 0) for wanted in requests[request])

    def _devices(self, claim: int, request: int, wanted: Wanted, had: int, start: int) -> bool:
        """Give the request its devices from number `had` on, of those offered from `start` on."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise Failed("timed out trying to allocate devices")
        number = self._number(wanted)
        if wanted.count is None and not number:
            return False
        if had == number:
            return self._request(claim, request + 1)
        if len(self._given[claim]) + number - had > MOST_RESULTS:
            return False
        fitting = self._fitting_for(wanted)
        first, last = (had, had + 1) if wanted.count is None else (start, len(fitting))
        for at in range(first, last):
            device = fitting[at]
            if not self._take(claim, wanted, device):
                continue
            if self._devices(claim, request, wanted, had + 1, at if _is_shared(wanted, device) else at + 1):
                return True
            self._give_back(claim, wanted, device)
        return False

    def _number(self, wanted: Wanted) -> int:
        return len(self._fitting_for(wanted)) if wanted.count is None else wanted.count

    def _fitting_for(self, wanted: Wanted) -> list[Device]:
        found = self._fitting.get(wanted)
        if found is None:
            found = [
                device
                for device in self._offered
                if (wanted.count is None or wanted.is_admin or not self._is_taken(device.id))
                and self._matches(wanted, device)
            ]
            self._fitting[wanted] = found
        return found

    def _take(self, claim: int, wanted: Wanted, device: Device) -> bool:
        users, shares = self._users.get(device.id, ()), _is_shared(wanted, device)
        if wanted.is_admin:
            if any(user == claim for user, _ in users):
                return False
        elif self._is_taken(device.id) or (not shares and any(not is_admin for _, is_admin in users)):
            return False
        if not wanted.tolerates(device.taints):
            return False
        part = share(wanted.capacity, device.view.capacity) if shares else None
        if shares and (part is None or not self._has_left(device, part)):
            return False
        if self._is_first(wanted, device) and not self._count(device, 1):
            return False
        kept = self._constraints[claim]
        for number, constraint in enumerate(kept):
            if not constraint.add(wanted, device):
                for other in kept[:number]:
                    other.remove(wanted, device)
                if self._is_first(wanted, device):
                    self._count(device, -1)
                return False
        if part is not None:
            self._share(device, part, 1)
        self._users.setdefault(device.id, []).append((claim, wanted.is_admin))
        self._given[claim].append(Given(wanted, device, part))
        return True

    def _give_back(self, claim: int, wanted: Wanted, device: Device) -> None:
        part = self._given[claim].pop().share
        self._users[device.id].pop()
        for constraint in self._constraints[claim]:
            constraint.remove(wanted, device)
        if part is not None:
            self._share(device, part, -1)
        if self._is_first(wanted, device):
            self._count(device, -1)

    def _is_first(self, wanted: Wanted, device: Device) -> bool:
        """Nobody uses the device but those who look after it: so it does not count yet."""
        if wanted.is_admin:
            return False
        return self._shared(device.id) is None and all(is_admin for _, is_admin in self._users.get(device.id, ()))

    def _has_left(self, device: Device, part: Mapping[str, str]) -> bool:
        others, mine = self._shared(device.id) or {}, self._shares.get(device.id) or {}
        return all(
            others.get(name, 0) + mine.get(name, 0) + parse_quantity(amount)
            <= parse_quantity(device.view.capacity[name].value)
            for name, amount in part.items()
        )

    def _share(self, device: Device, part: Mapping[str, str], sign: int) -> None:
        kept = self._shares.setdefault(device.id, {})
        for name, amount in part.items():
            kept[name] = kept.get(name, Decimal(0)) + sign * parse_quantity(amount)

    def _count(self, device: Device, sign: int) -> bool:
        """Take from the counters of the device's pool what it uses (or give it back), if that much is left."""
        used = device.view.consumes_counters
        if not used:
            return True
        left = self._left_of(self._pools[device.id[:2]])
        amounts = [
            ((one.counter_set, name), parse_quantity(counter.value))
            for one in used
            for name, counter in one.counters.items()
        ]
        if sign > 0 and any(left[key] < amount for key, amount in amounts):
            return False
        for key, amount in amounts:
            left[key] -= sign * amount
        return True

    def _left_of(self, pool: Pool) -> dict[tuple[str, str], Decimal]:
        left = self._left.get(pool.id)
        if left is None:
            left = {(name, key): value for name, counters in pool.counters.items() for key, value in counters.items()}
            for device in (*pool.devices, *pool.elsewhere):
                is_used = self._is_taken(device.id) or self._shared(device.id) is not None
                if device.view.consumes_counters and is_used:
                    for used in device.view.consumes_counters:
                        for name, counter in used.counters.items():
                            left[used.counter_set, name] -= parse_quantity(counter.value)
            self._left[pool.id] = left
        return left


def _is_shared(wanted: Wanted, device: Device) -> bool:
    """Whether the request leaves the rest of the device to others."""
    return bool(device.view.allow_multiple_allocations) and not wanted.is_admin


def _constraints(demand: Demand) -> list[Constraint]:
    devices = demand.claim.spec.devices
    return constraints(devices.constraints) if devices is not None else []
