"""The client in process where somebody stands at the gate: every verb asks first, and tells when it was refused.

A class of its own, so that clients of a cluster without gate and witness pay nothing for there being such things.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.apiserver.gate import Ask, Refused
from wherry.apiserver.inprocess import InProcessClient
from wherry.client import Page, Patch, WatchEvent

T = TypeVar("T")


class GatedClient(InProcessClient):
    """An `InProcessClient` whose verbs pass `Core.gate`, and whose errors `Core.witness` hears of."""

    __slots__ = ()

    def get(
        self, resource: Resource, name: str, namespace: str = "", *, subresource: str = ""
    ) -> Coroutine[Any, Any, Obj]:
        carry_out = super().get
        return self._pass(
            self._asked("get", resource, namespace, name, subresource),
            lambda: carry_out(resource, name, namespace, subresource=subresource),
        )

    def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Coroutine[Any, Any, Page]:
        carry_out = super().list
        return self._pass(
            self._asked("list", resource, namespace),
            lambda: carry_out(
                resource,
                namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                resource_version=resource_version,
                limit=limit,
                continue_token=continue_token,
            ),
        )

    def create(
        self, resource: Resource, obj: Obj, namespace: str = "", *, name: str = "", subresource: str = ""
    ) -> Coroutine[Any, Any, Obj]:
        carry_out, meta = super().create, obj.get("metadata") or {}
        place = namespace or meta.get("namespace") or ""
        return self._pass(
            self._asked("create", resource, place, name or meta.get("name") or "", subresource),
            lambda: carry_out(resource, obj, namespace, name=name, subresource=subresource),
        )

    def update(self, resource: Resource, obj: Obj, *, subresource: str = "") -> Coroutine[Any, Any, Obj]:
        carry_out, meta = super().update, obj["metadata"]
        return self._pass(
            self._asked("update", resource, meta.get("namespace") or "", meta["name"], subresource),
            lambda: carry_out(resource, obj, subresource=subresource),
        )

    def patch(
        self,
        resource: Resource,
        name: str,
        patch: Obj | Sequence[Obj],
        namespace: str = "",
        *,
        type: Patch = Patch.MERGE,
        subresource: str = "",
    ) -> Coroutine[Any, Any, Obj]:
        carry_out = super().patch
        return self._pass(
            self._asked("patch", resource, namespace, name, subresource),
            lambda: carry_out(resource, name, patch, namespace, type=type, subresource=subresource),
        )

    def apply(
        self, resource: Resource, obj: Obj, *, manager: str, force: bool = False, subresource: str = ""
    ) -> Coroutine[Any, Any, Obj]:
        carry_out, meta = super().apply, obj["metadata"]
        asked = self._asked("patch", resource, meta.get("namespace") or "", meta["name"], subresource)
        return self._pass(
            replace(asked, manager=manager),
            lambda: carry_out(resource, obj, manager=manager, force=force, subresource=subresource),
        )

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Coroutine[Any, Any, Obj]:
        carry_out = super().delete
        return self._pass(
            self._asked("delete", resource, namespace, name),
            lambda: carry_out(
                resource,
                name,
                namespace,
                uid=uid,
                resource_version=resource_version,
                propagation=propagation,
                grace_seconds=grace_seconds,
            ),
        )

    async def delete_collection(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", propagation: str = ""
    ) -> None:
        carry_out = super().delete_collection
        await self._pass(
            self._asked("deletecollection", resource, namespace),
            lambda: carry_out(resource, namespace, label_selector=label_selector, propagation=propagation),
        )

    async def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
    ) -> AsyncIterator[WatchEvent]:
        events = super().watch(
            resource,
            namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            resource_version=resource_version,
        )
        await self._pass(self._asked("watch", resource, namespace), _nothing)
        async for event in events:
            yield event

    def _asked(self, verb: str, resource: Resource, namespace: str, name: str = "", subresource: str = "") -> Ask:
        return Ask(self._user, self._manager, verb, resource, subresource, namespace, name)

    async def _pass(self, ask: Ask, carry_out: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the verb comes to: itself, where nothing stands in its way."""
        core = self._core
        obstacle = None if core.gate is None else core.gate.obstacle(ask)
        try:
            return await (carry_out() if obstacle is None else obstacle.around(carry_out))
        except ApiError as error:
            if core.witness is not None:
                core.witness.refused(Refused.of(ask, error), core.store.revision)
            raise


async def _nothing() -> None:
    """A watch is let through before it begins; what it shows is not held up."""
