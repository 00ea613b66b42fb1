"""The cluster as the paths see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from wherry.testing.clock import ManualClock
from wherry.testing.cluster.nodes import ClusterNodes
from wherry.testing.cluster.options import Snapshot
from wherry.testing.faults import Faults
from wherry.testing.history import Entries
from wherry.transport.messages import Request

T = TypeVar("T")


class Hands(Protocol):
    """What can be done to a cluster: `Core` by another name. Clock and nodes are those of the time."""

    faults: Faults

    @property
    def clock(self) -> ManualClock: ...
    @property
    def nodes(self) -> ClusterNodes: ...

    async def act(self, make: Callable[[], Awaitable[T]]) -> T:
        """Do something after whatever was under way, and with all that follows from it."""
        ...

    async def entries(self, kind: str, *, refused: bool, **words: Any) -> Entries:
        """What history has."""
        ...

    async def snapshot(self) -> Snapshot: ...

    async def restore(self, snapshot: Snapshot, asked: Request | None = None) -> None:
        """Go back; whoever `asked` for it is answered, all others who wait for an answer are cut off."""
        ...

    async def restart(self, asked: Request | None = None) -> None:
        """Kill the control plane and start it again; only who `asked` for it stays connected."""
        ...
