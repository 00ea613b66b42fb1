"""Devices that have to be prepared when their node is known, before the Pod is bound (KEP-5007, binding conditions).

Their driver says in the claim's status how far it is. A claim of which a device failed, or is not ready in time, is
given up when its Pod is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from wherry.api.types.resource_v1 import AllocatedDeviceStatus, DeviceRequestAllocationResult, ResourceClaim
from wherry.lib.clock import Clock
from wherry.scheduler.dynamic.inventory import Inventory
from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import HoldLost

PATIENCE = 600.0
_LOOK_EVERY = 5.0


class NotReady(HoldLost):
    """Devices will not be ready; the text says why."""


class Readiness(Struct, frozen=True):
    """How long to wait for devices, and whom to tell."""

    inventory: Inventory
    clock: Clock
    note: Callable[[PodInfo, str, str], object]
    """Records an event about a Pod: reason and message."""
    seconds: float = PATIENCE

    def is_hopeless(self, claim: ResourceClaim) -> bool:
        """A device of an allocated claim failed, or took too long."""
        try:
            return not is_ready(claim) and self._is_overdue(claim)
        except NotReady:
            return True

    async def wait(self, pod: PodInfo, node: str, claims: Sequence[ResourceClaim]) -> None:
        """Return once all devices of the claims are ready; raises NotReady."""
        if not any(True for claim in claims for _ in _slow(claim)):
            return
        self.note(pod, "BindingConditionsPending", f"waiting for binding conditions for device on node {node}")
        end = self.clock.monotonic() + self.seconds
        while (left := end - self.clock.monotonic()) > 0:
            try:
                await self.inventory.awaiting.wait(lambda: self._are_ready(claims), min(left, _LOOK_EVERY))
            except TimeoutError:
                continue
            return
        raise NotReady("device binding timeout")

    def _are_ready(self, claims: Iterable[ResourceClaim]) -> bool:
        for one in claims:
            meta = one.metadata
            claim = self.inventory.claim(meta.namespace, meta.name)
            if claim is None:
                raise NotReady(f'resourceclaim.resource.k8s.io "{meta.name}" not found')
            if not is_ready(claim):
                if self._is_overdue(claim):
                    raise NotReady(f"claim {meta.name} binding timeout")
                return False
        return True

    def _is_overdue(self, claim: ResourceClaim) -> bool:
        allocation = claim.status.allocation
        since = allocation.allocation_timestamp if allocation is not None else None
        return (
            since is not None
            and any(True for _ in _slow(claim))
            and since.timestamp() + self.seconds < self.clock.time()
        )


def is_ready(claim: ResourceClaim) -> bool:
    """Whether all devices of a claim are prepared, as far as they must be; raises NotReady where one failed."""
    if claim.status.allocation is None:
        return False
    for result in _slow(claim):
        told = _status(claim, result)
        if told is None:
            return False
        conditions = {one.type: one for one in told.conditions}
        for name in result.binding_failure_conditions:
            failed = conditions.get(name)
            if failed is not None and failed.status == "True":
                message = msgspec.json.encode(failed.message).decode()
                why = f"reason={failed.reason}, message={message}"
                raise NotReady(f"claim {claim.metadata.name} binding failed: {why}")
        if any(name not in conditions or conditions[name].status != "True" for name in result.binding_conditions):
            return False
    return True


def _slow(claim: ResourceClaim) -> Iterator[DeviceRequestAllocationResult]:
    """What a claim was given that has to be prepared."""
    allocation = claim.status.allocation
    if allocation is not None and allocation.devices is not None:
        yield from (one for one in allocation.devices.results if one.binding_conditions)


def _status(claim: ResourceClaim, result: DeviceRequestAllocationResult) -> AllocatedDeviceStatus | None:
    mine = (result.driver, result.pool, result.device)
    return next((one for one in claim.status.devices if (one.driver, one.pool, one.device) == mine), None)
