"""How much of the past a store keeps, so that watchers can go on where they were after a restart."""

from __future__ import annotations

from msgspec import Struct


class HistoryLimits(Struct, frozen=True):
    """A change is given up as soon as one of these is exceeded. History serves restarts only: while a control plane
    runs, each kind's watch window has limits of its own.
    """

    count: int = 5_000
    bytes: int = 8 << 20
    """Of values; overhead is not counted."""
    seconds: float = 300.0
    """Upstream compacts etcd every five minutes. A store without a clock does not look at this one."""
