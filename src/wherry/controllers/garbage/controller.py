"""Watches the metadata of every kind and acts on the plan for each object concerned."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.resource import Resource
from wherry.api.types.meta_v1 import ObjectMeta, OwnerReference
from wherry.api.types.metadata import Metadata
from wherry.client import Handler, Informer, Key
from wherry.controllers.garbage.graph import FOREGROUND, ORPHAN, Graph, Node, is_orphaning, is_waiting
from wherry.controllers.garbage.plan import Delete, KeepOwners, Owner, blocks, plan, unblocked, without_owner
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

SURVEY = Key("", "")
"""The key that stands for: look which kinds there are."""
WIDTH = 32
ABSENT_REMEMBERED = 500


class Collector(Struct):
    """What the garbage collector of one control plane knows."""

    deps: Deps
    graph: Graph = field(default_factory=Graph)
    informers: dict[Resource, Informer[Metadata]] = field(default_factory=dict)
    kinds: dict[tuple[str, str], Resource] = field(default_factory=dict)
    """(group, kind) -> where objects of that kind are found."""
    pending: dict[str, Node] = field(default_factory=dict)
    """Where the objects are whose UIDs are in the queue."""
    absent: dict[Node, None] = field(default_factory=dict)
    """Owners that the API said are not there. UIDs never return; but one may be named with a wrong kind or name."""
    is_ready: bool = False

    def watch(self, resource: Resource) -> Informer[Metadata]:
        informer = self.deps.client.informer(resource, Metadata)
        self.informers[resource] = informer
        self.kinds[resource.group, resource.kind] = resource
        informer.add_handler(self._handler(resource))
        return informer

    def forget(self, resource: Resource) -> None:
        del self.informers[resource]
        self.deps.client.forget(resource)
        if self.kinds.get((resource.group, resource.kind)) is resource:
            del self.kinds[resource.group, resource.kind]

    def look_at(self, node: Node) -> None:
        self.pending[node.uid] = node
        self.deps.enqueue(Key("", node.uid))

    def metadata(self, node: Node) -> ObjectMeta | None:
        """The object's metadata; None when it is gone or another one bears its name."""
        informer = self.informers.get(node.resource)
        view = informer.get(node.key) if informer is not None else None
        return view.metadata if view is not None and view.metadata.uid == node.uid else None

    def dependents(self, uid: str) -> list[tuple[Node, ObjectMeta]]:
        found = ((node, self.metadata(node)) for node in self.graph.dependents(uid))
        return [(node, metadata) for node, metadata in found if metadata is not None]

    def shown(self, reference: OwnerReference, namespace: str) -> ObjectMeta | None:
        """The owner a reference means, as the informers show it."""
        resource = self.resource_of(reference)
        if resource is None:
            return None
        return self.metadata(Node(resource, _owner_key(resource, reference, namespace), reference.uid))

    def resource_of(self, reference: OwnerReference) -> Resource | None:
        group = reference.api_version.rpartition("/")[0]
        return self.kinds.get((group, reference.kind))

    def _handler(self, resource: Resource) -> Handler[Metadata]:
        graph = self.graph

        def handler(old: Metadata | None, new: Metadata | None) -> None:
            before = old.metadata if old is not None else None
            after = new.metadata if new is not None else None
            for node in graph.observe(resource, before, after):
                if after is None or node.uid != after.uid or not self._is_settled(after):
                    self.look_at(node)

        return handler

    def _is_settled(self, metadata: ObjectMeta) -> bool:
        """Nothing to do for an object whose owners are all plainly there, which is what nearly all are."""
        if metadata.deletion_timestamp is not None:
            return False
        for reference in metadata.owner_references:
            owner = self.shown(reference, metadata.namespace)
            if owner is None or is_waiting(owner):
                return False
        return True


def start(deps: Deps) -> Collector:
    deps.enqueue(SURVEY)
    return Collector(deps)


async def reconcile(key: Key, deps: Deps) -> Result:
    collector: Collector = deps.state
    node = collector.pending.pop(key.name, None)
    if node is None:
        await _survey(collector)
        return DONE
    try:
        if not collector.is_ready:
            collector.pending[key.name] = node
            return Result(0.05)
        metadata = collector.metadata(node)
        if metadata is not None:
            await _process(collector, node, metadata)
    except BaseException:
        collector.pending.setdefault(key.name, node)
        raise
    return DONE


async def _survey(collector: Collector) -> None:
    """Follow every kind that is served now, and no other."""
    served = dict.fromkeys(r for r in await collector.deps.client.resources() if _is_collected(r))
    for resource in [r for r in collector.informers if r not in served]:
        collector.forget(resource)
    fresh = [collector.watch(resource) for resource in served if resource not in collector.informers]
    for informer in fresh:
        await informer.wait_synced()
    collector.is_ready = True


def _is_collected(resource: Resource) -> bool:
    """Events come and go by the thousand and own nothing."""
    return {"list", "watch", "delete"} <= set(resource.verbs) and resource.plural != "events"


async def _process(collector: Collector, node: Node, metadata: ObjectMeta) -> None:
    if is_orphaning(metadata):
        await _free_dependents(collector, node, metadata)
        return
    if is_waiting(metadata):
        await _release_if_alone(collector, node, metadata)
    if not metadata.owner_references:
        return
    owners = [await _examine(collector, r, node, metadata) for r in metadata.owner_references]
    dependents = [dependent for _, dependent in collector.dependents(node.uid)]
    match plan(metadata, owners, dependents):
        case KeepOwners(references):
            await _set_owners(collector, node, metadata, references)
        case Delete(propagation, unblock):
            if unblock:
                await _set_owners(collector, node, metadata, unblocked(metadata))
            await _delete(collector, node, propagation)


async def _examine(collector: Collector, reference: OwnerReference, node: Node, metadata: ObjectMeta) -> Owner:
    """Whether an owner is there; the API itself is asked before it counts as absent."""
    namespace = metadata.namespace
    shown = collector.shown(reference, namespace)
    if shown is not None:
        return Owner.WAITING if is_waiting(shown) else Owner.SOLID
    resource = collector.resource_of(reference)
    if resource is None:
        return Owner.SOLID  # a kind we cannot look up: never delete on such ground
    key = _owner_key(resource, reference, namespace)
    meant = Node(resource, key, reference.uid)
    if meant in collector.absent:
        return Owner.ABSENT
    if resource.is_namespaced and _is_elsewhere(collector, resource, reference, namespace):
        _report_elsewhere(collector, reference, node, namespace)
    if resource.is_namespaced and not namespace:
        return Owner.SOLID  # a reference that cannot be right
    try:
        owner = await collector.deps.client.get(resource, key.name, key.namespace)
    except errors.NotFound:
        owner = {}
    found = owner.get("metadata", {})
    if found.get("uid") != reference.uid:
        _remember_absent(collector, meant)
        return Owner.ABSENT
    is_going = "deletionTimestamp" in found and FOREGROUND in found.get("finalizers", ())
    return Owner.WAITING if is_going else Owner.SOLID


def _is_elsewhere(collector: Collector, resource: Resource, reference: OwnerReference, namespace: str) -> bool:
    """Whether the owner lives in another namespace, where it cannot own anything of this one."""
    namespaces = collector.informers.get(NAMESPACES)
    names = (each.metadata.name for each in namespaces.list()) if namespaces is not None else ()
    nodes = (Node(resource, Key(name, reference.name), reference.uid) for name in names if name != namespace)
    return any(collector.metadata(node) is not None for node in nodes)


def _report_elsewhere(collector: Collector, reference: OwnerReference, node: Node, namespace: str) -> None:
    resource, name = node.resource, node.key.name
    about = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, "namespace": namespace, "uid": node.uid},
    }
    owner = f"{reference.api_version}/{reference.kind}, namespace: {namespace}, name: {reference.name}"
    message = f'ownerRef [{owner}, uid: {reference.uid}] does not exist in namespace "{namespace}"'
    collector.deps.events.event(about, "Warning", "OwnerRefInvalidNamespace", message)


def _remember_absent(collector: Collector, owner: Node) -> None:
    collector.absent[owner] = None
    if len(collector.absent) > ABSENT_REMEMBERED:
        del collector.absent[next(iter(collector.absent))]


async def _free_dependents(collector: Collector, node: Node, metadata: ObjectMeta) -> None:
    dependents = collector.dependents(node.uid)
    for start_at in range(0, len(dependents), WIDTH):
        batch = dependents[start_at : start_at + WIDTH]
        async with asyncio.TaskGroup() as group:
            for child, of_child in batch:
                group.create_task(_set_owners(collector, child, of_child, without_owner(of_child, node.uid)))
    await _drop_finalizer(collector, node, metadata, ORPHAN)


async def _release_if_alone(collector: Collector, node: Node, metadata: ObjectMeta) -> None:
    dependents = collector.dependents(node.uid)
    if not any(blocks(dependent, node.uid) for _, dependent in dependents):
        await _drop_finalizer(collector, node, metadata, FOREGROUND)
        return
    for child, dependent in dependents:
        if dependent.deletion_timestamp is None:
            collector.look_at(child)


async def _set_owners(collector: Collector, node: Node, metadata: ObjectMeta, references: Iterable[Obj]) -> None:
    await _patch(collector, node, metadata, {"ownerReferences": list(references) or None})


async def _drop_finalizer(collector: Collector, node: Node, metadata: ObjectMeta, finalizer: str) -> None:
    kept = [name for name in metadata.finalizers if name != finalizer]
    await _patch(collector, node, metadata, {"finalizers": kept or None})


async def _patch(collector: Collector, node: Node, metadata: ObjectMeta, change: Obj) -> None:
    """A merge patch with the resource version: custom resources know no strategic one, and lists are replaced whole."""
    patch = {"metadata": {**change, "resourceVersion": metadata.resource_version}}
    try:
        await collector.deps.client.patch(node.resource, node.key.name, patch, node.key.namespace)
    except errors.NotFound:
        return


async def _delete(collector: Collector, node: Node, propagation: str) -> None:
    try:
        await collector.deps.client.delete(
            node.resource, node.key.name, node.key.namespace, uid=node.uid, propagation=propagation
        )
    except errors.NotFound:
        return


def _owner_key(resource: Resource, reference: OwnerReference, namespace: str) -> Key:
    return Key(namespace if resource.is_namespaced else "", reference.name)


def _of_definition(old: Metadata | None, new: Metadata | None, deps: Deps) -> Iterable[Key]:
    """However many definitions change at a time, one survey does."""
    yield SURVEY


CONTROLLER = Controller(
    name="garbage-collector-controller",
    reconciles=CUSTOMRESOURCEDEFINITIONS,
    view=Metadata,
    reconcile=reconcile,
    hears_own=False,
    reads=(Watch(CUSTOMRESOURCEDEFINITIONS, Metadata, _of_definition),),
    writes=("*/metadata.ownerReferences", "*/metadata.finalizers[foregroundDeletion, orphan]", "* (delete)"),
    start=start,
    workers=20,
)
