"""The client inside the API server's process: the same verbs, without HTTP, JSON text, or doors.

Objects that a caller passes in are copied, those it gets back are its own. Reads see every write that was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar, cast

from wherry.api import Obj
from wherry.api.errors import ApiError, MethodNotAllowed
from wherry.api.resource import Resource, Subresource
from wherry.api.types.metadata import Metadata
from wherry.apiserver import versions
from wherry.apiserver.attributes import User
from wherry.apiserver.core import Call, Core
from wherry.apiserver.encode import copy, encode_any
from wherry.apiserver.gate import Ask
from wherry.apiserver.informer import InProcessInformer, shows_metadata
from wherry.apiserver.options import DeleteOptions, ListOptions
from wherry.apiserver.selection import select
from wherry.apiserver.subresources import Handler, Handlers, Target
from wherry.apiserver.subresources.catalog import find
from wherry.apiserver.subresources.patching import apply_by_handlers, patch_by_handlers
from wherry.apiserver.verbs import create, delete, get, update, watch
from wherry.apiserver.verbs import list as listing
from wherry.apiserver.verbs import patch as patching
from wherry.apiserver.verbs.apply import Configuration, apply
from wherry.apiserver.verbs.deletecollection import delete_collection
from wherry.client import Page, Patch, WatchEvent
from wherry.watchcache.window import Batch

T = TypeVar("T")


class InProcessClient:
    """A `Client` that acts as one user, whom nothing is refused but by admission and validation."""

    __slots__ = ("_core", "_handlers", "_informers", "_mailboxes", "_manager", "_user")

    def __init__(self, core: Core, user: User, handlers: Handlers, manager: str = "kube-apiserver") -> None:
        self._core = core
        self._user = user
        self._handlers = handlers
        self._manager = manager
        self._informers: dict[tuple[Resource, type[Any], str], InProcessInformer[Any]] = {}
        self._mailboxes: set[_Mailbox] = set()

    def named(self, manager: str) -> InProcessClient:
        """The same client under another manager's name; informers are shared, and end with the first."""
        twin = type(self)(self._core, self._user, self._handlers, manager)
        twin._informers = self._informers
        twin._mailboxes = self._mailboxes
        return twin

    async def get(self, resource: Resource, name: str, namespace: str = "", *, subresource: str = "") -> Obj:
        handler = self._find(resource, subresource, "get")
        if handler is not None:
            return await self._handle(handler, "get", Target(resource, namespace, name, subresource), None)
        item = get.get(self._core, resource, namespace, name)
        if resource.converter is not None:
            await versions.ready(self._core.aside, resource, (item,))
        return versions.read(resource, item)

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Page:
        options = ListOptions(resource_version=resource_version, limit=limit, continue_token=continue_token)
        selected = select(resource, label_selector, field_selector)
        revision = listing.awaited(self._core, options)
        if revision is not None:
            await listing.wait(self._core, revision)
        page = await listing.ready_page(self._core, resource, namespace, options, selected)
        items = [versions.read(resource, item) for item in page.items]
        return Page(items, str(page.revision), page.continue_token)

    async def create(
        self, resource: Resource, obj: Obj, namespace: str = "", *, name: str = "", subresource: str = ""
    ) -> Obj:
        namespace = namespace or (obj.get("metadata") or {}).get("namespace") or ""
        if subresource or not resource.stored:
            handler = self._find(resource, subresource, "create")
            if handler is None:
                raise _not_allowed()
            return await self._handle(handler, "create", Target(resource, namespace, name, subresource), copy(obj))
        outcome = await create.create(self._core, self._call("create"), resource, namespace, copy(obj))
        return outcome.decoded()

    async def update(self, resource: Resource, obj: Obj, *, subresource: str = "") -> Obj:
        meta = obj["metadata"]
        namespace, name = meta.get("namespace") or "", meta["name"]
        handler = self._find(resource, subresource, "update")
        if handler is not None:
            return await self._handle(handler, "update", Target(resource, namespace, name, subresource), copy(obj))
        sub = _writing(resource, subresource)
        outcome = await update.update(
            self._core, self._call("update", subresource), resource, namespace, name, copy(obj), sub
        )
        return outcome.decoded()

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Obj | Sequence[Obj],
        namespace: str = "",
        *,
        type: Patch = Patch.MERGE,
        subresource: str = "",
    ) -> Obj:
        update = self._find(resource, subresource, "update")
        get = self._find(resource, subresource, "get")
        if get is not None and update is not None:
            target = Target(resource, namespace, name, subresource)
            outcome = await patch_by_handlers(
                self._core,
                self._call("patch", subresource),
                target,
                get,
                update,
                lambda kind, obj: patching.Apply(type, patch, kind)(obj),
            )
            return outcome.decoded()
        apply = patching.Apply(type, patch, resource)
        sub = _writing(resource, subresource)
        outcome = await patching.patch(
            self._core, self._call("patch", subresource), resource, namespace, name, apply, sub
        )
        return outcome.decoded()

    async def apply(
        self, resource: Resource, obj: Obj, *, manager: str, force: bool = False, subresource: str = ""
    ) -> Obj:
        meta = obj["metadata"]
        namespace, name = meta.get("namespace") or "", meta["name"]
        call = Call(self._user, manager=manager, verb="patch", subresource=subresource)
        whole = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        configuration = Configuration(encode_any(whole), force)
        get = self._find(resource, subresource, "get")
        update = self._find(resource, subresource, "update")
        if get is not None and update is not None:
            target = Target(resource, namespace, name, subresource)
            outcome = await apply_by_handlers(self._core, call, target, get, update, configuration)
        else:
            sub = _writing(resource, subresource)
            outcome = await apply(self._core, call, resource, namespace, name, configuration, sub)
        return outcome.decoded()

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Obj:
        options = DeleteOptions(grace_seconds, propagation, uid, resource_version)
        deleted = await delete.delete(self._core, self._call("delete"), resource, namespace, name, options)
        return delete.outcome(resource, name, deleted).decoded()

    async def delete_collection(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", propagation: str = ""
    ) -> None:
        options, call = DeleteOptions(propagation=propagation), self._call("deletecollection")
        selected = select(resource, label_selector, "")
        await delete_collection(self._core, call, resource, namespace, ListOptions(), selected, options)

    async def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
    ) -> AsyncIterator[WatchEvent]:
        options = ListOptions(resource_version=resource_version)
        selected = select(resource, label_selector, field_selector)
        mailbox = _Mailbox()
        await watch.ready(self._core, resource, namespace, selected)
        asked = self._asked("watch", resource, namespace)
        watching = watch.begin(self._core, resource, namespace, options, selected, mailbox.put, mailbox.end, asked)
        self._mailboxes.add(mailbox)
        try:
            await versions.ready(self._core.aside, resource, watching.initial)
            for item in watching.initial:
                yield WatchEvent("ADDED", versions.read(resource, item))
            while (batch := await mailbox.take()) is not None:
                for event in batch.events:
                    yield WatchEvent(event.type, event.item.decode())
        finally:
            self._mailboxes.discard(mailbox)
            watching.close()

    def informer(self, resource: Resource, view: type[T], *, field_selector: str = "") -> InProcessInformer[T]:
        key = (resource, view, field_selector)
        informer = self._informers.get(key)
        if informer is None:
            informer = self._informers[key] = InProcessInformer(self._core, resource, view, field_selector)
            self._lend(resource)
        return cast("InProcessInformer[T]", informer)

    def _lend(self, resource: Resource) -> None:
        """Let who looks at all metadata of a kind look at what somebody else has of all of it."""
        borrower = self._informers.get((resource, Metadata, ""))
        if borrower is None or resource.from_storage is not None:
            return
        for (kind, view, selector), informer in self._informers.items():
            if kind is resource and not selector and view is not Metadata and shows_metadata(view):
                borrower.borrow(informer)
                return

    def forget(self, resource: Resource) -> None:
        for key in [key for key in self._informers if key[0] is resource]:
            self._informers.pop(key).close()

    async def resources(self) -> Sequence[Resource]:
        return tuple(self._core.registry.stored())

    def close(self) -> None:
        """End all informers and watches."""
        for informer in self._informers.values():
            informer.close()
        self._informers.clear()
        for mailbox in self._mailboxes:
            mailbox.close()

    def _asked(
        self, verb: str, resource: Resource, namespace: str, name: str = "", subresource: str = ""
    ) -> Ask | None:
        """What the gate is told; None where there is no gate."""
        return None

    def _call(self, verb: str, subresource: str = "") -> Call:
        return Call(self._user, manager=self._manager, verb=verb, subresource=subresource)

    def _find(self, resource: Resource, subresource: str, verb: str) -> Handler | None:
        return find(self._handlers, resource, subresource, verb) if subresource or not resource.stored else None

    async def _handle(self, handler: Handler, verb: str, target: Target, body: Obj | None) -> Obj:
        return (await handler(self._core, self._call(verb, target.subresource), target, body)).decoded()


class _Mailbox:
    """Batches for one reader."""

    __slots__ = ("_batches", "_error", "_is_closed", "_waiter")

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._error: ApiError | None = None
        self._is_closed = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._wake()

    async def take(self) -> Batch | None:
        """The next batch; None when there will be none. Raises what the watch ended by."""
        while not self._batches and not self._is_closed:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._batches:
            return self._batches.popleft()
        if self._error is not None:
            raise self._error
        return None

    def end(self, error: ApiError | None) -> None:
        """Nothing more will be put in, because of `error` if there is one."""
        self._error = error
        self.close()

    def close(self) -> None:
        """Nothing more will be put in."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _writing(resource: Resource, subresource: str) -> Subresource | None:
    """The subresource through which a part of the object is written."""
    if not subresource:
        return None
    sub = resource.subresource(subresource)
    if sub is None or not sub.writes:
        raise _not_allowed()
    return sub


def _not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed("the server does not allow this method on the requested resource", {})
