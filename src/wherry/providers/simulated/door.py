"""Who may run on a simulated node: the kubelet's own judgement, by what the API says of the node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from wherry.api.core.node import NODES
from wherry.api.errors import NotFound
from wherry.api.types.core_v1 import Node, Pod
from wherry.api.types.decoding import convert
from wherry.client import Client, Informer, Key
from wherry.kubelet.pods.admission import Admitted, Premises, Refused, admit, has_other_labels
from wherry.kubelet.pods.room import active_beside, allocatable_of
from wherry.providers.simulated.hosts import Host
from wherry.providers.simulated.nodespec import node_object


class Door:
    """Judges Pods that are new on a node."""

    def __init__(
        self,
        client: Client,
        nodes: Informer[Node],
        hosts: Mapping[str, Host],
        pods_on: Callable[[str], Iterable[Pod]],
    ) -> None:
        self._client = client
        self._nodes = nodes
        self._hosts = hosts
        self._pods_on = pods_on
        self._premises: dict[str, tuple[Node, Premises]] = {}

    async def admit(self, pod: Pod) -> Refused | Admitted:
        """Whether it may run there. What it takes is not counted yet."""
        host = self._hosts[pod.spec.node_name or ""]
        answer = self._judge(pod, host, self._nodes.get(Key("", host.name)))
        if has_other_labels(answer):
            try:
                answer = self._judge(pod, host, convert(Node, await self._client.get(NODES, host.name)))
            except NotFound:
                pass
        return answer

    def forget(self, node: str) -> None:
        """There is no such node any more."""
        self._premises.pop(node, None)

    def _judge(self, pod: Pod, host: Host, node: Node | None) -> Refused | Admitted:
        premises = self._of(node if node is not None else convert(Node, node_object(host.spec, 0.0)))
        return admit(pod, host.taken, premises, lambda: self._beside(pod, host))

    def _beside(self, pod: Pod, host: Host) -> list[Pod]:
        """Who takes room there: not those who still wait at the door, nor those of whose end nobody has told yet."""
        return [each for each in active_beside(pod, self._pods_on(host.name)) if each.metadata.uid in host.taken]

    def _of(self, node: Node) -> Premises:
        """Worked out once for as long as the node is the same."""
        name = node.metadata.name
        known = self._premises.get(name)
        if known is None or known[0] is not node:
            allocatable = allocatable_of(node.status.allocatable)
            features = node.status.declared_features
            known = node, Premises(name, allocatable, node.metadata.labels, node.spec.taints, features)
            self._premises[name] = known
        return known[1]
