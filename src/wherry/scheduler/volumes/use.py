"""How many placed Pods use each claim: a follower of the cluster, so that suppositions count too."""

from __future__ import annotations

from wherry.client import Key
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Handle
from wherry.scheduler.volumes.claims import claims_of


class ClaimUse:
    """One for all profiles of a scheduler: `handle.common(ClaimUse)`."""

    def __init__(self, handle: Handle) -> None:
        self._counts: dict[Key, int] = {}
        for pod, node in handle.cluster.pods():
            self.placed(pod, node, 1)
        handle.cluster.follow(self)

    def count(self, claim: Key) -> int:
        return self._counts.get(claim, 0)

    def placed(self, pod: PodInfo, _: NodeInfo, count: int) -> None:
        if not pod.volumes:
            return
        for wanted in claims_of(pod):
            if left := self._counts.get(wanted.key, 0) + count:
                self._counts[wanted.key] = left
            else:
                self._counts.pop(wanted.key, None)

    def reshaped(self) -> None:
        """It does not matter which nodes there are."""
