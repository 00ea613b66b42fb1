"""Load balancers of Services, as far as they concern the API: a finalizer, the addresses in the status, events.

- `LoadBalancers`: who really makes them: a cloud, an appliance, a test. None by default
- `plan.py`: which Services want one, what of them matters to it, which nodes it may send to
- `controller.py`: keeps what there is at what is wanted, for Services that name no other implementation by their class
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wherry.api import Obj
from wherry.api.types.core_v1 import Node, Service


class LoadBalancers(Protocol):
    """Makes load balancers. Whatever is raised is shown at the Service and tried again later."""

    async def exists(self, service: Service) -> bool: ...

    async def ensure(self, service: Service, nodes: Sequence[Node]) -> Sequence[Obj]:
        """Have a balancer that sends to these nodes; returns `status.loadBalancer.ingress`."""
        ...

    async def update(self, service: Service, nodes: Sequence[Node]) -> None:
        """Only the nodes have changed."""
        ...

    async def delete(self, service: Service) -> None:
        """Have none any more; asked again if it fails."""
        ...
