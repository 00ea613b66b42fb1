"""Pods that have been promised room on a node, which lower ones must not take meanwhile.

A promise is made by preemption, while the victims are on their way out, and kept in `status.nominatedNodeName`.
"""

from __future__ import annotations

from collections.abc import Iterator

from wherry.scheduler.model import PodInfo


class Nominations:
    """Who is promised what: one node per Pod."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, PodInfo]] = {}
        """By node name, then UID."""
        self._homes: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._homes)

    def set(self, pod: PodInfo, node: str) -> None:
        self.remove(pod.uid)
        self._homes[pod.uid] = node
        self._pods.setdefault(node, {})[pod.uid] = pod

    def remove(self, uid: str) -> PodInfo | None:
        """Take a promise back; returns whose it was, if there was one."""
        node = self._homes.pop(uid, None)
        if node is None:
            return None
        pods = self._pods[node]
        pod = pods.pop(uid)
        if not pods:
            del self._pods[node]
        return pod

    def node(self, uid: str) -> str:
        """What is promised to a Pod; empty for nothing."""
        return self._homes.get(uid, "")

    def on(self, node: str) -> list[PodInfo]:
        """To whom room on the node is promised."""
        return list(self._pods.get(node, {}).values())

    def ahead_of(self, pod: PodInfo) -> Iterator[tuple[str, list[PodInfo]]]:
        """Nodes on which others of no lower priority are promised room, with those."""
        for node, pods in self._pods.items():
            ahead = [one for one in pods.values() if one.ask.priority >= pod.ask.priority and one.uid != pod.uid]
            if ahead:
                yield node, ahead
