"""Writes what a quota's objects use into its status, whenever that changes and every five minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from wherry.api import Obj
from wherry.api.core.quotaspec.books import Books
from wherry.api.core.quotaspec.usage import DEVICE_CLAIMS, needs_object
from wherry.api.core.resourcequota import RESOURCEQUOTAS
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.resource import Resource
from wherry.api.types.metadata import Metadata
from wherry.api.types.resource_v1 import DeviceClass
from wherry.client import Informer, Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result

RESYNC_SECONDS = 300.0
_NOTHING: Obj = {"metadata": {}}


class State:
    """The books of one control plane, kept from informers that are made when the first quota counts their kind."""

    __slots__ = ("books", "deps", "informers", "opened", "resources")

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.resources: Mapping[str, Resource] = {}
        """The kinds there are, as of the last look."""
        self.informers: dict[str, Informer[Any]] = {}
        self.opened: dict[Key, tuple[str, Obj]] = {}
        """For which object and which demands an account was opened."""
        self.books = Books(self, deps.clock.time)

    def follow(self, kind: str) -> bool:
        """See `Source`."""
        resource = self.resources.get(kind)
        if resource is None:
            return False
        view: type[Any] = dict if needs_object(kind) else Metadata
        informer = self.informers[kind] = self.deps.client.informer(resource, view)
        informer.add_handler(partial(self._hear, kind))
        if kind == DEVICE_CLAIMS:
            self.deps.client.informer(DEVICECLASSES, DeviceClass).add_handler(self._hear_class)
        return True

    def objects(self, kind: str, namespace: str) -> Iterable[tuple[str, Obj]]:
        """See `Source`."""
        return [(_name(view), _obj(view)) for view in self.informers[kind].list(namespace)]

    def find(self, kind: str, namespace: str, name: str) -> Obj | None:
        """See `Source`."""
        view = self.informers[kind].get(Key(namespace, name))
        return None if view is None else _obj(view)

    def called(self, device_class: str) -> str:
        """See `Source`."""
        found = self.deps.client.informer(DEVICECLASSES, DeviceClass).get(Key("", device_class))
        return "" if found is None else found.spec.extended_resource_name or ""

    def _hear_class(self, old: DeviceClass | None, new: DeviceClass | None) -> None:
        for namespace, account in self.books.refresh(DEVICE_CLAIMS):
            self.deps.enqueue(Key(namespace, account.name))

    def _hear(self, kind: str, old: Any, new: Any) -> None:
        view = new if new is not None else old
        namespace = view["metadata"].get("namespace", "") if isinstance(view, dict) else view.metadata.namespace
        read = partial(_obj, new) if new is not None else None
        for account in self.books.hear(kind, namespace, _name(view), read):
            self.deps.enqueue(Key(namespace, account.name))


def start(deps: Deps) -> State:
    return State(deps)


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    quotas = deps.client.informer(RESOURCEQUOTAS, dict)
    await quotas.wait_synced()
    quota: Obj | None = quotas.get(key)
    if quota is None:
        state.opened.pop(key, None)
        state.books.close(key.namespace, key.name)
        return DONE
    spec = quota.get("spec") or {}
    identity = (quota["metadata"]["uid"], spec)
    account = state.books.namespaces.get(key.namespace, {}).get(key.name)
    if account is None or state.opened.get(key) != identity or not all(map(state.books.is_followed, account.kinds)):
        served = await deps.client.resources()
        state.resources = {each.group_resource: each for each in served if each.is_namespaced}
        account = state.books.open(key.namespace, key.name, spec)
        state.opened[key] = identity
        for kind in account.kinds:
            if (informer := state.informers.get(kind)) is not None:
                await informer.wait_synced()
    state.books.settle(key.namespace, account)
    before = quota.get("status") or {}
    hard = spec.get("hard") or {}
    kept = {name: amount for name, amount in (before.get("used") or {}).items() if name in hard}
    status = {"hard": hard, "used": {**kept, **account.status(state.books.followed)}}
    if status != {"hard": before.get("hard"), "used": before.get("used")}:
        await deps.client.update(RESOURCEQUOTAS, {**quota, "status": status}, subresource="status")
    return Result(RESYNC_SECONDS)


def _name(view: Any) -> str:
    return str(view["metadata"]["name"] if isinstance(view, dict) else view.metadata.name)


def _obj(view: Any) -> Obj:
    return view if isinstance(view, dict) else _NOTHING


CONTROLLER = Controller(
    name="resourcequota-controller",
    reconciles=RESOURCEQUOTAS,
    view=Metadata,
    reconcile=reconcile,
    writes=("resourcequotas/status",),
    start=start,
    workers=5,
)
