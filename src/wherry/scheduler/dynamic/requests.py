"""The requests of a claim, each with the alternatives that would satisfy it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from wherry.api.dra.tolerating import tolerates
from wherry.api.types.resource_v1 import (
    DeviceClass,
    DeviceSubRequest,
    DeviceTaint,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
)

PRIORITIES = 8
"""The most alternatives that a request may have."""
_KEEPS_OUT = ("NoSchedule", "NoExecute")


class Wanted(Struct, frozen=True, eq=False):
    """A request, or one of its alternatives."""

    request: str
    alternative: str
    """Its name, if the request has alternatives."""
    rank: int
    """Which of the alternatives it is."""
    selectors: tuple[str, ...]
    """Expressions of class and request, all of which must hold."""
    device_class: DeviceClass
    count: int | None
    """How many devices; None for all that match."""
    tolerations: tuple[DeviceToleration, ...]
    is_admin: bool
    """Looks after devices that others use."""
    capacity: Mapping[str, str]
    """The least that a device must have of these."""

    @property
    def name(self) -> str:
        return f"{self.request}/{self.alternative}" if self.alternative else self.request

    def is_named_by(self, names: Sequence[str]) -> bool:
        """Whether a list of requests means this one; an empty list means all."""
        return not names or self.request in names or self.name in names

    def tolerates(self, taints: Sequence[DeviceTaint]) -> bool:
        return all(
            any(tolerates(toleration, taint) for toleration in self.tolerations)
            for taint in taints
            if taint.effect in _KEEPS_OUT
        )


class Demand(Struct, frozen=True, eq=False):
    """A claim as the search sees it."""

    claim: ResourceClaim
    requests: tuple[tuple[Wanted, ...], ...]


class Unanswerable(Exception):
    """A claim that cannot be allocated anywhere; says why."""


def demand(claim: ResourceClaim, find_class: Callable[[str], DeviceClass | None]) -> Demand:
    """What a claim asks for; raises Unanswerable."""
    requests: list[tuple[Wanted, ...]] = []
    for request in claim.spec.devices.requests if claim.spec.devices is not None else ():
        if request.exactly is not None:
            requests.append((_wanted(request.name, "", 0, request.exactly, find_class),))
        elif request.first_available:
            alternatives = enumerate(request.first_available)
            requests.append(tuple(_wanted(request.name, one.name, rank, one, find_class) for rank, one in alternatives))
        else:
            metadata = claim.metadata
            text = f"resource claim {metadata.namespace}/{metadata.name}, request {request.name}: unknown request type"
            raise Unanswerable(text)
    return Demand(claim, tuple(requests))


def _wanted(
    request: str,
    alternative: str,
    rank: int,
    asked: ExactDeviceRequest | DeviceSubRequest,
    find_class: Callable[[str], DeviceClass | None],
) -> Wanted:
    device_class = find_class(asked.device_class_name)
    if device_class is None:
        name = f"{request}/{alternative}" if alternative else request
        raise Unanswerable(f"request {name}: device class {asked.device_class_name} does not exist")
    selectors = (*device_class.spec.selectors, *asked.selectors)
    return Wanted(
        request=request,
        alternative=alternative,
        rank=rank,
        selectors=tuple(one.cel.expression for one in selectors if one.cel is not None),
        device_class=device_class,
        count=None if asked.allocation_mode == "All" else (asked.count or 1),
        tolerations=asked.tolerations,
        is_admin=isinstance(asked, ExactDeviceRequest) and bool(asked.admin_access),
        capacity=asked.capacity.requests if asked.capacity is not None else {},
    )
