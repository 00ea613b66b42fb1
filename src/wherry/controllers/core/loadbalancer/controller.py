"""Keeps the load balancers of Services at what is wanted, by way of whoever makes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.core.node import NODES
from wherry.api.core.service import SERVICES
from wherry.api.types.core_v1 import Node, Service
from wherry.api.types.decoding import to_obj
from wherry.client import Informer, Key
from wherry.controllers.core.loadbalancer import LoadBalancers
from wherry.controllers.core.loadbalancer.plan import FINALIZER, change, eligible, facts, is_wanted, needs_cleanup
from wherry.controllers.ownership import key_of
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

_NAMED = 100
"""Nodes that the message of a failure names."""


class State(Struct):
    services: Informer[Service]
    nodes: Informer[Node]
    made: dict[Key, tuple[tuple[Any, ...], list[str]]] = field(default_factory=dict)
    """What each balancer was last made for: the facts of its Service and the names of nodes."""


def start(deps: Deps) -> State:
    return State(deps.client.informer(SERVICES, Service), deps.client.informer(NODES, Node))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    service = state.services.get(key)
    if service is None or (not is_wanted(service) and not needs_cleanup(service)):
        state.made.pop(key, None)
        return DONE
    nodes = eligible(state.nodes.list())
    names = [node.metadata.name for node in nodes]
    made = state.made.get(key)
    try:
        if needs_cleanup(service):
            state.made.pop(key, None)
            await _clean_up(service, deps)
        elif made is None or made[0] != facts(service):
            await _ensure(service, nodes, deps)
            state.made[key] = facts(service), names
        elif made[1] != names:
            await _update(service, nodes, deps)
            state.made[key] = facts(service), names
    except (errors.Conflict, errors.NotFound):
        raise
    except Exception as error:
        if made is None or made[0] != facts(service):
            deps.events.event(service, "Warning", "SyncLoadBalancerFailed", f"Error syncing load balancer: {error}")
        raise
    return DONE


async def _clean_up(service: Service, deps: Deps) -> None:
    balancers: LoadBalancers = deps.settings["balancers"]
    try:
        if await balancers.exists(service):
            deps.events.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
            await balancers.delete(service)
    except Exception as error:
        raise RuntimeError(f"failed to delete load balancer: {error}") from error
    kept = [name for name in service.metadata.finalizers if name != FINALIZER]
    deps.events.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
    if service.metadata.deletion_timestamp is None:
        await _show(service, (), deps)
    await _set_finalizers(service, kept, deps)


async def _ensure(service: Service, nodes: Sequence[Node], deps: Deps) -> None:
    balancers: LoadBalancers = deps.settings["balancers"]
    deps.events.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
    if FINALIZER not in service.metadata.finalizers:
        await _set_finalizers(service, [*service.metadata.finalizers, FINALIZER], deps)
    if not nodes:
        message = "There are no available nodes for LoadBalancer"
        deps.events.event(service, "Warning", "UnAvailableLoadBalancer", message)
    try:
        ingress = await balancers.ensure(service, nodes)
    except Exception as error:
        raise RuntimeError(f"failed to ensure load balancer: {error}") from error
    await _show(service, ingress, deps)
    deps.events.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")


async def _update(service: Service, nodes: Sequence[Node], deps: Deps) -> None:
    balancers: LoadBalancers = deps.settings["balancers"]
    try:
        await balancers.update(service, nodes)
    except Exception as error:
        names = " ".join(node.metadata.name for node in nodes[:_NAMED])
        message = f"Error updating load balancer with new hosts [{names}] [node names limited, total number of nodes: "
        deps.events.event(service, "Warning", "UpdateLoadBalancerFailed", f"{message}{len(nodes)}], error: {error}")
        raise
    deps.events.event(service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts")


async def _set_finalizers(service: Service, finalizers: Sequence[str], deps: Deps) -> None:
    """Through the status, as upstream, so that nothing else of the Service is claimed or checked."""
    metadata = service.metadata
    patch: Obj = {"metadata": {"uid": metadata.uid, "finalizers": list(finalizers) or None}}
    try:
        await deps.client.patch(SERVICES, metadata.name, patch, metadata.namespace, subresource="status")
    except errors.NotFound:
        return


async def _show(service: Service, ingress: Sequence[Obj], deps: Deps) -> None:
    present = to_obj(service.status.load_balancer.ingress) if service.status.load_balancer is not None else []
    if present == list(ingress):
        return
    metadata = service.metadata
    patch: Obj = {"metadata": {"uid": metadata.uid}, "status": {"loadBalancer": {"ingress": list(ingress) or None}}}
    await deps.client.patch(SERVICES, metadata.name, patch, metadata.namespace, subresource="status")


def _of_node(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    """A node that begins or ceases to be sent to concerns every balancer."""
    before = eligible(() if old is None else (old,))
    after = eligible(() if new is None else (new,))
    if bool(before) != bool(after):
        yield from list(deps.state.made)


def _of_service(old: Service | None, new: Service | None, deps: Deps) -> Iterable[Key]:
    if (old is not None and is_wanted(old)) or (new is not None and (is_wanted(new) or needs_cleanup(new))):
        service = new or old
        assert service is not None
        yield key_of(service.metadata)
    note = change(old, new) if old is not None and new is not None else None
    if note is not None:
        deps.events.event(new, note.type, note.reason, note.message)


def controller(balancers: LoadBalancers) -> Controller:
    """`balancers` is who makes them."""
    return Controller(
        name="service-lb-controller",
        reconciles=SERVICES,
        view=Service,
        reconcile=reconcile,
        hears_own=False,
        reads=(Watch(SERVICES, Service, _of_service), Watch(NODES, Node, _of_node)),
        writes=("services/status.loadBalancer", "services/metadata.finalizers[load-balancer-cleanup]"),
        start=start,
        workers=1,
        settings={"balancers": balancers},
        component="service-controller",
    )
