"""All nodes with what is placed on them: the one picture that decisions are made on.

It follows the informers, and it also knows placements that have been decided but not yet written ("assumed"), so that
the next decision does not use the same room twice. A failed binding takes its assumption back; a written one is
confirmed by the Pod's own event.

Two things tell others what they must look at again: `changed_since` (nodes on which something was placed or removed)
and `shape` (a number that is another whenever nodes came, went, or changed by themselves).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from wherry.api.types.core_v1 import Node
from wherry.scheduler.model import NodeInfo, PodInfo, update_node

T = TypeVar("T")
_ZONE, _REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"


class Follower(Protocol):
    """Keeps counts of its own, by hearing of each change as it happens."""

    def placed(self, pod: PodInfo, node: NodeInfo, count: int) -> None:
        """`pod` came to `node` (count 1) or left it (-1). The node may not exist (yet)."""
        ...

    def reshaped(self) -> None:
        """Nodes came, went or changed their labels, taints or amounts: count anew when next asked."""
        ...


class Cluster:
    """Nodes by name. Pure bookkeeping: no clock, no client."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._homes: dict[str, str] = {}
        """Node name by UID of every pod that is placed or assumed."""
        self._recent: dict[str, int] = {}
        """Generation by node name, the latest last."""
        self._generation = 0
        self._order: list[NodeInfo] | None = None
        self._followers: list[Follower] = []
        self._facts: dict[Callable[..., object], Any] = {}
        self.shape = 0

    def __len__(self) -> int:
        return len(self.order)

    @property
    def order(self) -> Sequence[NodeInfo]:
        """The nodes that exist, zones taking turns, so that any stretch of them has nodes of all zones."""
        if self._order is None:
            self._order = _zones_in_turn(node for node in self._nodes.values() if node.exists)
            for position, node in enumerate(self._order):
                node.position = position
        return self._order

    @property
    def generation(self) -> int:
        return self._generation

    def changed_since(self, generation: int) -> Iterator[NodeInfo]:
        """Nodes on which something was placed or removed after that generation, the latest first."""
        for name in reversed(self._recent):
            if self._recent[name] <= generation:
                return
            if (node := self._nodes.get(name)) is not None and node.exists:
                yield node

    def nodes(self) -> Iterable[NodeInfo]:
        """The nodes that exist."""
        return self.order

    def of_shape(self, fact: Callable[[Sequence[NodeInfo]], T]) -> T:
        """What follows from the nodes themselves, whatever is placed there: found out once per `shape`."""
        if fact not in self._facts:
            self._facts[fact] = fact(self.order)
        found: T = self._facts[fact]
        return found

    def pods(self) -> Iterator[tuple[PodInfo, NodeInfo]]:
        """Every Pod that is placed or assumed, with its node."""
        for node in self._nodes.values():
            for pod in node.pods.values():
                yield pod, node

    def node(self, name: str) -> NodeInfo | None:
        node = self._nodes.get(name)
        return node if node is not None and node.exists else None

    def pod(self, uid: str) -> PodInfo | None:
        """What is known of a Pod that is placed or assumed."""
        name = self._homes.get(uid)
        return self._nodes[name].pods[uid] if name is not None else None

    def home(self, uid: str) -> str | None:
        """The node on which a pod is placed or assumed."""
        return self._homes.get(uid)

    def set_node(self, node: Node) -> None:
        if update_node(self._node(node.metadata.name), node):
            self._reshape()

    def remove_node(self, name: str) -> None:
        if (node := self._nodes.get(name)) is not None:
            node.exists = False
            node.position = -1
            self._forget_if_empty(node)
            self._reshape()

    def set_pod(self, pod: PodInfo, node_name: str) -> None:
        """`pod` occupies `node_name`, by its own word or by assumption."""
        if self._homes.get(pod.uid) == node_name:
            pods = self._nodes[node_name].pods
            known = pods[pod.uid]
            if known.ask is pod.ask and known.is_terminating == pod.is_terminating:
                pods[pod.uid] = pod  # An assumption came true; nothing that is counted has changed.
                return
        self.remove_pod(pod.uid)
        self._homes[pod.uid] = node_name
        node = self._node(node_name)
        node.add(pod)
        self._touch(node, pod, 1)

    def remove_pod(self, uid: str) -> PodInfo | None:
        """Free what a pod occupied; returns what was known of it."""
        name = self._homes.pop(uid, None)
        if name is None:
            return None
        node = self._nodes[name]
        pod = node.remove(uid)
        assert pod is not None
        self._touch(node, pod, -1)
        self._forget_if_empty(node)
        return pod

    def follow(self, follower: Follower) -> None:
        """Tell `follower` of all changes from now on; what is placed already it finds in `pods`."""
        self._followers.append(follower)

    def unfollow(self, follower: Follower) -> None:
        self._followers.remove(follower)

    @contextmanager
    def supposing(self, placed: Iterable[tuple[PodInfo, str]] = (), removed: Iterable[PodInfo] = ()) -> Iterator[None]:
        """What if these were there, and those were not? All is as before when the block ends."""
        gone = [(pod, home) for pod in removed if (home := self._homes.get(pod.uid)) is not None]
        come = [(pod, name) for pod, name in placed if pod.uid not in self._homes]
        for pod, _ in gone:
            self.remove_pod(pod.uid)
        for pod, name in come:
            self.set_pod(pod, name)
        try:
            yield
        finally:
            for pod, _ in come:
                self.remove_pod(pod.uid)
            for pod, name in gone:
                self.set_pod(pod, name)

    def _node(self, name: str) -> NodeInfo:
        if name not in self._nodes:
            self._nodes[name] = NodeInfo(name)
        return self._nodes[name]

    def _touch(self, node: NodeInfo, pod: PodInfo, count: int) -> None:
        self._generation += 1
        self._recent.pop(node.name, None)
        self._recent[node.name] = self._generation
        for follower in self._followers:
            follower.placed(pod, node, count)

    def _reshape(self) -> None:
        self.shape += 1
        self._order = None
        self._facts.clear()
        for follower in self._followers:
            follower.reshaped()

    def _forget_if_empty(self, node: NodeInfo) -> None:
        if not node.exists and not node.pods:
            self._nodes.pop(node.name, None)
            self._recent.pop(node.name, None)


def _zones_in_turn(nodes: Iterable[NodeInfo]) -> list[NodeInfo]:
    zones: dict[tuple[str, str], list[NodeInfo]] = {}
    for node in nodes:
        labels = node.labels
        zones.setdefault((labels.get(_REGION, ""), labels.get(_ZONE, "")), []).append(node)
    if len(zones) == 1:
        return next(iter(zones.values()))
    order: list[NodeInfo] = []
    for turn in range(max(map(len, zones.values()), default=0)):
        order.extend(members[turn] for members in zones.values() if turn < len(members))
    return order
