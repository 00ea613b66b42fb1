"""Who depends on whom. Pure: fed by informers, read by the collector."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api.resource import Resource
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Key

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


class Node(Struct, frozen=True):
    """Where an object is found."""

    resource: Resource
    key: Key
    uid: str


def is_waiting(metadata: ObjectMeta) -> bool:
    """Being deleted, but not before its blocking dependents."""
    return metadata.deletion_timestamp is not None and FOREGROUND in metadata.finalizers


def is_orphaning(metadata: ObjectMeta) -> bool:
    """Being deleted, but not before its dependents have been freed."""
    return metadata.deletion_timestamp is not None and ORPHAN in metadata.finalizers


class Graph:
    """The dependents of each owner, by UID. Objects without owner references leave no trace."""

    __slots__ = ("_dependents", "_waiting")

    def __init__(self) -> None:
        self._dependents: dict[str, dict[str, Node]] = {}
        self._waiting: dict[str, Node] = {}

    def dependents(self, uid: str) -> list[Node]:
        return list(self._dependents.get(uid, {}).values())

    def observe(self, resource: Resource, old: ObjectMeta | None, new: ObjectMeta | None) -> list[Node]:
        """Take a change in; returns the objects that have to be looked at because of it."""
        if old is not None and new is not None and _says_the_same(old, new):
            return []
        metadata = new if new is not None else old
        if metadata is None:
            return []
        node = Node(resource, Key(metadata.namespace, metadata.name), metadata.uid)
        before = _owners(old)
        after = _owners(new)
        self._relink(node, before, after)
        concerned: list[Node] = []
        if new is None:
            self._waiting.pop(node.uid, None)
            concerned += self.dependents(node.uid)
        else:
            concerned += self._observe_present(node, new, is_new=before != after)
        concerned += [self._waiting[uid] for uid in sorted({*before, *after}) if uid in self._waiting]
        return concerned

    def _observe_present(self, node: Node, new: ObjectMeta, *, is_new: bool) -> Iterable[Node]:
        if is_waiting(new):
            self._waiting[node.uid] = node
            return (node,)
        self._waiting.pop(node.uid, None)
        if is_orphaning(new) or is_new:
            return (node,)
        return ()

    def _relink(self, node: Node, before: set[str], after: set[str]) -> None:
        for uid in before - after:
            siblings = self._dependents.get(uid)
            if siblings is not None:
                siblings.pop(node.uid, None)
                if not siblings:
                    del self._dependents[uid]
        for uid in after - before:
            self._dependents.setdefault(uid, {})[node.uid] = node


def _says_the_same(old: ObjectMeta, new: ObjectMeta) -> bool:
    """Whether nothing of a change is about owners or about being on the way out, as of most changes."""
    return (
        old.deletion_timestamp is None
        and new.deletion_timestamp is None
        and old.uid == new.uid
        and old.owner_references == new.owner_references
    )


def _owners(metadata: ObjectMeta | None) -> set[str]:
    if metadata is None or not metadata.owner_references:
        return set()
    return {reference.uid for reference in metadata.owner_references}
