"""How long a node's failed daemon Pods stay before they are replaced: twice as long after each failure.

A kubelet that refuses the Pod would otherwise be asked again as fast as it can refuse.
"""

from __future__ import annotations

from wherry.lib.clock import Clock

FIRST = 1.0
LONGEST = 900.0


class Rests:
    """The nodes that are left alone for now, by the UID of the DaemonSet."""

    __slots__ = ("_clock", "_rests")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rests: dict[str, dict[str, tuple[float, float]]] = {}

    def current(self, owner: str) -> dict[str, float]:
        """Nodes with the seconds that are left of their rest."""
        now = self._clock.monotonic()
        rests = self._rests.get(owner, {})
        return {node: since + rest - now for node, (since, rest) in rests.items() if since + rest > now}

    def begin(self, owner: str, node: str) -> None:
        """A failed Pod is deleted: the next one on the node will have to wait, longer if this one followed soon."""
        now = self._clock.monotonic()
        rests = self._rests.setdefault(owner, {})
        since, rest = rests.get(node, (now, 0.0))
        is_over = now - since > 2 * LONGEST
        rests[node] = (now, FIRST if rest == 0.0 or is_over else min(2 * rest, LONGEST))

    def forget(self, owner: str) -> None:
        """The DaemonSet is gone."""
        self._rests.pop(owner, None)
