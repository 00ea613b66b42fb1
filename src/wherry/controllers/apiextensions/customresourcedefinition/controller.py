"""Writes the status of definitions, and sees to those that are being deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wherry.api import errors
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.registry import BUILTIN
from wherry.client import Informer, Key
from wherry.controllers.apiextensions.customresourcedefinition import cleanup
from wherry.controllers.apiextensions.customresourcedefinition.plan import Taken, is_settled, is_waiting, plan
from wherry.controllers.apiextensions.customresourcedefinition.views import Definition
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

BY_GROUP = "group"


def start(deps: Deps) -> asyncio.Lock:
    """Names are given one definition at a time: this lock is held from looking at those given to having written."""
    _informer(deps).add_index(BY_GROUP, lambda definition: (definition.spec.group,))
    return asyncio.Lock()


async def reconcile(key: Key, deps: Deps) -> Result:
    definition = _informer(deps).get(key)
    if definition is None:
        return DONE
    if cleanup.is_due(definition):
        return await cleanup.clean(definition, deps)
    if is_settled(definition):
        return DONE
    async with deps.state:
        await _name(key, deps)
    return DONE


async def _name(key: Key, deps: Deps) -> None:
    informer = _informer(deps)
    definition = informer.get(key)
    if definition is None:
        return
    group = definition.spec.group
    given = (each.status.accepted_names for each in informer.by_index(BY_GROUP, group))
    taken = Taken.by(given, (resource for resource in BUILTIN if resource.group == group))
    status = plan(definition, taken, deps.clock.time())
    if status is None:
        return
    patch = {"metadata": {"resourceVersion": definition.metadata.resource_version}, "status": status}
    try:
        await deps.client.patch(CUSTOMRESOURCEDEFINITIONS, key.name, patch, subresource="status")
    except errors.NotFound:
        return


def _informer(deps: Deps) -> Informer[Definition]:
    return deps.client.informer(CUSTOMRESOURCEDEFINITIONS, Definition)


def _of_group(old: Definition | None, new: Definition | None, deps: Deps) -> Iterable[Key]:
    """Names that are given back may be what others of the group wait for."""
    if old is None or (new is not None and new.status.accepted_names == old.status.accepted_names):
        return
    for other in _informer(deps).by_index(BY_GROUP, old.spec.group):
        if other.metadata.name != old.metadata.name and is_waiting(other):
            yield Key("", other.metadata.name)


CONTROLLER = Controller(
    name="customresourcedefinition-controller",
    manager="kube-apiserver",
    reconciles=CUSTOMRESOURCEDEFINITIONS,
    view=Definition,
    reconcile=reconcile,
    reads=(Watch(CUSTOMRESOURCEDEFINITIONS, Definition, _of_group),),
    writes=("customresourcedefinitions.apiextensions.k8s.io", "customresourcedefinitions.apiextensions.k8s.io/status"),
    start=start,
    workers=5,
)
