"""What happens in the cluster, told to the picture of it and to the Pods that wait."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Client, Handler
from wherry.scheduler.amounts import reported
from wherry.scheduler.changes import node_changes, pod_changes
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import Asks
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.queue import Place, Queue
from wherry.scheduler.rules import NODE, PENDING_POD, PLACED_POD, Action, Source

_ENDED = ("Succeeded", "Failed")
_OWN = (NODE.name, PLACED_POD.name, PENDING_POD.name)


class Watching:
    """Handlers of informers. Pods are ours when they name one of the `profiles`."""

    def __init__(
        self,
        cluster: Cluster,
        nominations: Nominations,
        queue: Queue,
        profiles: Collection[str],
        gone: Callable[[str], object] = lambda uid: None,
    ) -> None:
        """`gone` is told the UIDs of Pods that will not be bound any more, or are bound already."""
        self._cluster = cluster
        self._nominations = nominations
        self._queue = queue
        self._profiles = profiles
        self._gone = gone
        self._asks = Asks()
        self.binding: set[str] = set()
        """UIDs of Pods whose bindings are being written: their changes are looked at when that fails."""

    async def start(self, client: Client, sources: Iterable[Source]) -> None:
        """Follow nodes and Pods, and what plugins look at beside them; returns when all that there is was seen."""
        others = [(one, client.informer(one.resource, one.view)) for one in sources if one.name not in _OWN]
        nodes, pods = client.informer(NODE.resource, Node), client.informer(PENDING_POD.resource, Pod)
        for informer in (nodes, pods, *(informer for _, informer in others)):
            await informer.wait_synced()
        nodes.add_handler(self._on_node)
        for source, informer in others:
            informer.add_handler(_telling(self._queue, source))
        pods.add_handler(self._on_pod)

    def _on_node(self, old: Node | None, new: Node | None) -> None:
        if new is not None:
            self._cluster.set_node(new)
            action = Action.ADD if old is None else node_changes(old, new)
            if action:
                self._queue.changed(NODE, action, old, new)
        elif old is not None:
            self._cluster.remove_node(old.metadata.name)
            self._queue.changed(NODE, Action.DELETE, old, None)

    def _on_pod(self, old: Pod | None, new: Pod | None) -> None:
        pod = new or old
        assert pod is not None
        uid = pod.metadata.uid
        if new is None or pod.status.phase in _ENDED:
            self._on_end(uid)
        elif pod.spec.node_name:
            if old is None or not old.spec.node_name or _is_other(old, pod):
                self._on_placed(pod)
        elif pod.metadata.deletion_timestamp is not None:
            self._on_going(pod)
            # Its binding is going to fail, which may take as long as its volumes do; nobody need wait for that.
            if (freed := self._cluster.remove_pod(uid) or self._nominations.remove(uid)) is not None:
                self._queue.changed(PLACED_POD, Action.DELETE, freed, None)
        elif uid not in self.binding:
            self.on_pending(old, pod)

    def _on_going(self, pod: Pod) -> None:
        """It stays in the queue, since it may be there for long, and is told so when its turn comes."""
        uid = pod.metadata.uid
        self._gone(uid)
        if self._queue.place(uid) is Place.IN_FLIGHT:
            self._queue.remove(uid)
            return
        info = self._asks.pod_info(pod)
        if info.ask.scheduler_name in self._profiles:
            self._queue.add(info)

    def _on_end(self, uid: str) -> None:
        self._gone(uid)
        self._queue.remove(uid)
        promised = self._nominations.remove(uid)
        gone = self._cluster.remove_pod(uid) or promised
        if gone is not None:
            self._queue.changed(PLACED_POD, Action.DELETE, gone, None)

    def _on_placed(self, pod: Pod) -> None:
        info, node = self._asks.pod_info(pod), pod.spec.node_name or ""
        known = self._cluster.pod(info.uid)
        self._gone(info.uid)
        self._queue.remove(info.uid)
        self._nominations.remove(info.uid)
        self._cluster.set_pod(info, node)
        if known is None or not known.node_name:
            self._queue.changed(PLACED_POD, Action.ADD, None, info)
        elif action := pod_changes(known, info):
            self._queue.changed(PLACED_POD, action, known, info)

    def on_pending(self, old: Pod | None, pod: Pod) -> None:
        """A Pod that wants a node, as it is now."""
        info = self._asks.pod_info(pod)
        if info.ask.scheduler_name not in self._profiles:
            return
        before = old.status.nominated_node_name if old is not None else None
        if info.nominated:
            self._nominations.set(info, info.nominated)
        elif before:
            self._nominations.remove(info.uid)
        self._queue.add(info)
        if before and before != info.nominated:  # Others may have the room that was kept for it there.
            self._queue.changed(PLACED_POD, Action.DELETE, info, None, but=info.uid)


def _telling(queue: Queue, source: Source) -> Handler[Any]:
    """Show a kind's changes to the hints that wait for them."""

    def handle(old: Any, new: Any) -> None:
        action = Action.ADD if old is None else Action.DELETE if new is None else Action.UPDATE
        queue.changed(source, action, old, new)

    return handle


def _is_other(old: Pod, new: Pod) -> bool:
    """Whether anything about a placed Pod changed that decisions on others look at."""
    before, after = old.metadata, new.metadata
    return (
        before.generation != after.generation
        or (not after.generation and old.spec != new.spec)
        or before.labels != after.labels
        or before.deletion_timestamp != after.deletion_timestamp
        or old.status.start_time != new.status.start_time
        or old.status.resource_claim_statuses != new.status.resource_claim_statuses
        or reported(old) != reported(new)
    )
