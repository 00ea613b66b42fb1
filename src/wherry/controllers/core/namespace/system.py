"""Puts back the namespaces that every cluster has. Most of them nobody can delete; `kube-node-lease` somebody can."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import errors
from wherry.api.core.namespace import NAMESPACES, SYSTEM_NAMESPACES
from wherry.api.types.core_v1 import Namespace
from wherry.client import Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


def start(deps: Deps) -> None:
    for name in SYSTEM_NAMESPACES:
        deps.enqueue(Key("", name))


async def reconcile(key: Key, deps: Deps) -> Result:
    if deps.client.informer(NAMESPACES, Namespace).get(key) is not None:
        return DONE
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.name}}
    try:
        await deps.client.create(NAMESPACES, obj)
    except errors.AlreadyExists:
        return DONE
    return DONE


def _gone(old: Namespace | None, new: Namespace | None, deps: Deps) -> Iterable[Key]:
    if new is None and old is not None and old.metadata.name in SYSTEM_NAMESPACES:
        yield Key("", old.metadata.name)


CONTROLLER = Controller(
    name="system-namespaces-controller",
    reconciles=NAMESPACES,
    view=Namespace,
    reconcile=reconcile,
    hears_own=False,
    reads=(Watch(NAMESPACES, Namespace, _gone),),
    writes=("namespaces[of the system]",),
    start=start,
    workers=1,
    manager="kube-apiserver",
)
