"""Keeps the annotation of every node at what the size of the cluster asks for."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api import errors
from wherry.api.core.node import NODES
from wherry.api.types.metadata import Metadata
from wherry.client import Informer, Key
from wherry.controllers.core.nodettl.plan import seconds, step
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

ANNOTATION = "node.alpha.kubernetes.io/ttl"


class State(Struct):
    nodes: Informer[Metadata]
    count: int = 0
    step: int = 0


def start(deps: Deps) -> State:
    return State(deps.client.informer(NODES, Metadata))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    node = state.nodes.get(key)
    wanted = str(seconds(state.step))
    if node is None or node.metadata.annotations.get(ANNOTATION) == wanted:
        return DONE
    try:
        await deps.client.patch(NODES, key.name, {"metadata": {"annotations": {ANNOTATION: wanted}}})
    except errors.NotFound:
        return DONE
    return DONE


def _of_node(old: Metadata | None, new: Metadata | None, deps: Deps) -> Iterable[Key]:
    """Count; one that comes or changed its annotation is looked at, and all are at another step."""
    state: State = deps.state
    state.count += (new is not None) - (old is not None)
    before, state.step = state.step, step(state.count, state.step)
    if before != state.step:
        yield from [Key("", node.metadata.name) for node in state.nodes.list()]
    if new is not None and new.metadata.annotations.get(ANNOTATION) != str(seconds(state.step)):
        yield Key("", new.metadata.name)


CONTROLLER = Controller(
    name="ttl-controller",
    reconciles=NODES,
    view=Metadata,
    reconcile=reconcile,
    hears_own=False,
    reads=(Watch(NODES, Metadata, _of_node),),
    writes=("nodes/metadata.annotations[node.alpha.kubernetes.io/ttl]",),
    start=start,
    workers=1,
)
