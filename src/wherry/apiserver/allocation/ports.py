"""Node ports: one number for each port of a Service on every node, and one more for load balancers' health checks.

Ports of one Service that have the same number and different protocols share their node port; those of different
Services never do.
"""

from __future__ import annotations

import random

from wherry.api.core.servicespec.needs import (
    Spec,
    gives_out_node_ports,
    needs_health_check,
    needs_node_port,
    node_ports,
)
from wherry.api.errors import InternalError, Invalid
from wherry.api.field import invalid
from wherry.api.resource import Resource
from wherry.apiserver.allocation.claim import NumberClaim
from wherry.apiserver.allocation.pool import Pool
from wherry.apiserver.allocation.spans import Span

_FULL, _TAKEN = "range is full", "provided port is already allocated"


def held_ports(spec: Spec) -> list[int]:
    """All that a stored Service has, each once."""
    ports = node_ports(spec) if needs_node_port(spec) else []
    if needs_health_check(spec) and spec.get("healthCheckNodePort"):
        ports.append(spec["healthCheckNodePort"])
    return list(dict.fromkeys(ports))


class Ports:
    """Gives out node ports of one range."""

    __slots__ = ("_chance", "_span", "pool")

    def __init__(self, span: Span, chance: random.Random) -> None:
        self._span = span
        self._chance = chance
        self.pool = Pool()

    def complete(self, resource: Resource, name: str, spec: Spec, before: Spec | None, claim: NumberClaim) -> None:
        """Give a Service the node ports it lacks; raises what its writer is to be told."""
        if needs_node_port(spec):
            if before is None:
                self._begin(resource, name, spec, claim)
            else:
                self._change(resource, name, spec, set(node_ports(before)), claim)
        if needs_health_check(spec) and not (before is not None and needs_health_check(before)):
            self._check_health(spec, claim)

    def _begin(self, resource: Resource, name: str, spec: Spec, claim: NumberClaim) -> None:
        """For a new Service: ports of the same number share, whichever of them names a node port."""
        by_number: dict[int, int] = {}
        ports = spec.get("ports") or []
        for index, port in enumerate(ports):
            number, wanted = port.get("port") or 0, port.get("nodePort") or 0
            if not wanted and not gives_out_node_ports(spec):
                continue
            shared = by_number.get(number)
            if shared and not wanted:
                port["nodePort"] = shared
                continue
            if shared == wanted:
                continue
            if not shared:
                asked = [p["nodePort"] for p in ports if p.get("nodePort") and p.get("port") == number]
                wanted = asked[0] if asked else 0
            if wanted:
                self._claim(resource, name, wanted, index, claim)
            else:
                wanted = self._any(claim, "a nodePort")
            if not shared:
                port["nodePort"] = by_number[number] = wanted

    def _change(self, resource: Resource, name: str, spec: Spec, owned: set[int], claim: NumberClaim) -> None:
        """For a Service that there is: what it has it keeps."""
        for index, port in enumerate(spec.get("ports") or ()):
            wanted = port.get("nodePort") or 0
            if wanted:
                if wanted not in owned:
                    self._claim(resource, name, wanted, index, claim)
                    owned.add(wanted)
            elif gives_out_node_ports(spec):
                port["nodePort"] = self._any(claim, "a nodePort")

    def _check_health(self, spec: Spec, claim: NumberClaim) -> None:
        wanted = spec.get("healthCheckNodePort") or 0
        if not wanted:
            spec["healthCheckNodePort"] = self._any(claim, "a HealthCheck NodePort 0")
        elif fault := self._fault(wanted):
            raise InternalError.of(f"failed to allocate requested HealthCheck NodePort {wanted}: {fault}")
        else:
            claim.take(self.pool, wanted)

    def _claim(self, resource: Resource, name: str, number: int, index: int, claim: NumberClaim) -> None:
        if fault := self._fault(number):
            raise Invalid.of(resource, name, [invalid(f"spec.ports[{index}].nodePort", number, fault)])
        claim.take(self.pool, number)

    def _fault(self, number: int) -> str:
        if number not in self._span:
            valid = f"{self._span.first}-{self._span.last}"
            return f"provided port is not in the valid range. The range of valid ports is {valid}"
        return "" if self.pool.is_free(number) else _TAKEN

    def _any(self, claim: NumberClaim, what: str) -> int:
        number = self._span.find(self.pool.is_free, self._chance)
        if number is None:
            raise InternalError.of(f"failed to allocate {what}: {_FULL}")
        claim.take(self.pool, number)
        return number
