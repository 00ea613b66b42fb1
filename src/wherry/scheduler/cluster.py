"""All nodes with what is placed on them: the snapshot that decisions are made on.

It follows the informers, and it also knows placements that have been decided but not yet written ("assumed"), so that
the next decision does not use the same room twice. A failed binding takes its assumption back; a written one is
confirmed by the Pod's own event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wherry.api.types.core_v1 import Node
from wherry.scheduler.model import NodeInfo, PodInfo, update_node


class Cluster:
    """Nodes by name. Pure bookkeeping: no clock, no client."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._homes: dict[str, str] = {}
        """Node name by UID of every pod that is placed or assumed."""

    def __len__(self) -> int:
        return sum(1 for _ in self.nodes())

    def nodes(self) -> Iterator[NodeInfo]:
        """The nodes that exist, in the order in which they came."""
        return (node for node in self._nodes.values() if node.exists)

    def node(self, name: str) -> NodeInfo | None:
        node = self._nodes.get(name)
        return node if node and node.exists else None

    def set_node(self, node: Node) -> None:
        update_node(self._node(node.metadata.name), node)

    def remove_node(self, name: str) -> None:
        if (node := self._nodes.get(name)) is not None:
            node.exists = False
            self._forget_if_empty(node)

    def set_pod(self, pod: PodInfo, node_name: str) -> None:
        """`pod` occupies `node_name`, by its own word or by assumption."""
        self.remove_pod(pod.uid)
        self._homes[pod.uid] = node_name
        self._node(node_name).add(pod)

    def remove_pod(self, uid: str) -> bool:
        """Free what a pod occupied; tells whether it occupied anything."""
        name = self._homes.pop(uid, None)
        if name is None:
            return False
        node = self._nodes[name]
        node.remove(uid)
        self._forget_if_empty(node)
        return True

    def image_nodes(self, images: Iterable[str]) -> dict[str, int]:
        """How many nodes have each image."""
        return {image: sum(image in node.images for node in self.nodes()) for image in images}

    def _node(self, name: str) -> NodeInfo:
        if name not in self._nodes:
            self._nodes[name] = NodeInfo(name)
        return self._nodes[name]

    def _forget_if_empty(self, node: NodeInfo) -> None:
        if not node.exists and not node.pods:
            self._nodes.pop(node.name, None)
