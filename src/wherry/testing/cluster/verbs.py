"""What a test does to a cluster, by the names of kinds: read, write, apply manifests, wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from wherry.api import Obj, errors
from wherry.api.core.event import EVENTS
from wherry.api.resource import Resource
from wherry.client import Patch, WatchEvent
from wherry.lib.tasks import Tasks
from wherry.testing.cluster.core import Core
from wherry.testing.cluster.goals import Goal, WaitTimeout, describe, parse_goal
from wherry.testing.cluster.kinds import Kind
from wherry.testing.cluster.manifests import Source, read_objects

Objects: TypeAlias = list[Obj]
"""Has a name of its own because `list` is a verb here."""

PatchType: TypeAlias = Literal["merge", "strategic", "json"]
_PATCHES = {"merge": Patch.MERGE, "strategic": Patch.STRATEGIC, "json": Patch.JSON}

ALL = "*"
"""As a namespace: every one of them."""
WAIT_SECONDS = 30.0
"""How long is waited when nothing is said."""
_DEFINITIONS = "CustomResourceDefinition"
_SERVED_WITHIN = 10.0
_SHOWN = 5


class Verbs:
    """Coroutines on the cluster's own loop; `namespace` is where things are that are not said to be elsewhere."""

    def __init__(self, core: Core, namespace: str = "default") -> None:
        self._core = core
        self._namespace = namespace

    async def get(self, kind: Kind, name: str, namespace: str | None, subresource: str) -> Obj:
        resource, name = self._one(kind, name)
        return await self._core.client.get(resource, name, self._place(resource, namespace), subresource=subresource)

    async def list(self, kind: Kind, namespace: str | None, label_selector: str, field_selector: str) -> Objects:
        resource = self._core.kinds.find(kind)
        page = await self._core.client.list(
            resource,
            self._place(resource, namespace),
            label_selector=label_selector,
            field_selector=field_selector,
        )
        return page.items

    async def create(self, obj: Obj, namespace: str | None) -> Obj:
        resource = self._core.kinds.of(obj)
        return await self._core.client.create(resource, obj, self._place(resource, namespace, obj))

    async def create_sub(self, kind: Kind, name: str, subresource: str, body: Obj, namespace: str | None) -> Obj:
        resource, name = self._one(kind, name)
        place = self._place(resource, namespace)
        return await self._core.client.create(resource, body, place, name=name, subresource=subresource)

    async def update(self, obj: Obj, subresource: str) -> Obj:
        return await self._core.client.update(
            self._core.kinds.of(obj), self._placed(obj, None), subresource=subresource
        )

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Obj | Sequence[Obj],
        namespace: str | None,
        type: PatchType,
        subresource: str,
    ) -> Obj:
        resource, name = self._one(kind, name)
        place = self._place(resource, namespace)
        return await self._core.client.patch(resource, name, patch, place, type=_PATCHES[type], subresource=subresource)

    async def apply(self, source: Source, namespace: str | None, manager: str, force: bool) -> Objects:
        """Server-side apply of every object in turn; of a definition also its taking effect is waited for."""
        applied = []
        for obj in read_objects(source, self._core.folder):
            resource = self._core.kinds.of(obj)
            placed = self._placed(obj, namespace)
            done = await self._core.client.apply(resource, placed, manager=manager, force=force)
            applied.append(done)
            if resource.kind == _DEFINITIONS:
                await self.wait(resource, done["metadata"]["name"], "Established", None, "", _SERVED_WITHIN)
        return applied

    async def delete(
        self, kind: Kind, name: str, namespace: str | None, propagation: str, grace_seconds: int | None
    ) -> Obj:
        resource, name = self._one(kind, name)
        return await self._core.client.delete(
            resource, name, self._place(resource, namespace), propagation=propagation, grace_seconds=grace_seconds
        )

    async def wait(
        self,
        kind: Kind,
        name: str,
        goal: str | Callable[[Obj], Any],
        namespace: str | None,
        selector: str,
        timeout: float,
    ) -> Objects:
        """Wait until the object of that name, or every one that `selector` means, is as wished; returns them."""
        resource, name = self._target(kind, name)
        place, wanted = self._place(resource, namespace), parse_goal(goal)
        seen: list[Obj | None] = []

        async def is_true() -> bool:
            seen[:] = await self._look(resource, name, place, selector, wanted)
            return all(wanted.is_reached(obj) for obj in seen)

        if not await self._core.until(is_true, timeout):
            who = name or selector
            raise WaitTimeout(await self._core.act(lambda: self._failure(resource, who, wanted, seen, timeout)))
        return [obj for obj in seen if obj is not None]

    async def events(self, about: Obj | str | None, namespace: str | None) -> Sequence[Obj]:
        """The Events of a namespace, or of one object, oldest first."""
        if isinstance(about, str):
            about = await self.get(about, "", namespace, "")
        selector = f"involvedObject.uid={about['metadata'].get('uid', '')}" if about is not None else ""
        place = about["metadata"].get("namespace", "") if about is not None else self._place(EVENTS, namespace)
        found = (await self._core.client.list(EVENTS, place, field_selector=selector)).items
        return sorted(found, key=lambda event: int(event["metadata"]["resourceVersion"]))

    def watch(self, kind: Kind, namespace: str | None, label_selector: str, field_selector: str) -> Watching:
        resource = self._core.kinds.find(kind)
        watching = Watching(self._core)
        watching.begin(resource, self._place(resource, namespace), label_selector, field_selector)
        return watching

    async def _look(self, resource: Resource, name: str, place: str, selector: str, goal: Goal) -> Sequence[Obj | None]:
        """The objects to judge; None for one that is not there."""
        if name:
            try:
                return [await self._core.client.get(resource, name, place)]
            except errors.NotFound:
                return [None]
        found = (await self._core.client.list(resource, place, label_selector=selector)).items
        return [*found] if found else [None]

    async def _failure(
        self, resource: Resource, name: str, goal: Goal, seen: Iterable[Obj | None], timeout: float
    ) -> str:
        named = f"{resource.singular}/{name} is" if name else f"not all {resource.plural} are"
        lines = [f"{named} {'not ' if name else ''}{goal.text} after {timeout:g} s"]
        for obj in seen:
            if obj is not None and goal.is_reached(obj):
                continue
            lines.append(f"  {obj['metadata']['name']}: {describe(obj)}" if obj is not None else f"  {describe(obj)}")
            for event in (await self.events(obj, None))[-_SHOWN:] if obj is not None else ():
                lines.append(f"    {event.get('type')} {event.get('reason')}: {event.get('message')}")
        return "\n".join(lines)

    def _one(self, kind: Kind, name: str) -> tuple[Resource, str]:
        """The kind and the name of one object; raises ValueError where no name is said."""
        resource, name = self._target(kind, name)
        if not name:
            raise ValueError(f"which of the {resource.plural}? say its name, as in '{resource.singular}/name'")
        return resource, name

    def _target(self, kind: Kind, name: str) -> tuple[Resource, str]:
        if name or not isinstance(kind, str):
            return self._core.kinds.find(kind), name
        return self._core.kinds.target(kind)

    def _place(self, resource: Resource, namespace: str | None, obj: Obj | None = None) -> str:
        if not resource.is_namespaced or namespace == ALL:
            return ""
        own: str = ((obj or {}).get("metadata") or {}).get("namespace") or ""
        return own or namespace or self._namespace

    def _placed(self, obj: Obj, namespace: str | None) -> Obj:
        """The object with the namespace that it goes to."""
        resource = self._core.kinds.of(obj)
        place = self._place(resource, namespace, obj)
        metadata = obj.get("metadata") or {}
        if not place or metadata.get("namespace") == place:
            return obj
        return {**obj, "metadata": {**metadata, "namespace": place}}


class Watching:
    """A watch that gathers what it is told until somebody takes it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks = Tasks("watch of a test")
        self._events: list[WatchEvent] = []
        self._error: Exception | None = None
        self._is_over = False

    def begin(self, resource: Resource, namespace: str, label_selector: str, field_selector: str) -> None:
        self._tasks.spawn(self._follow(resource, namespace, label_selector, field_selector))

    async def take(self) -> list[WatchEvent]:
        """What has come since the last time."""
        events, self._events = self._events, []
        if not events and self._error is not None:
            raise self._error
        return events

    async def next(self, timeout: float) -> WatchEvent | None:
        """The next event; None when the watch has ended or `timeout` seconds of the cluster's clock are over."""

        async def is_there() -> bool:
            return bool(self._events) or self._is_over

        await self._core.until(is_there, timeout)
        if self._events:
            return self._events.pop(0)
        if self._error is not None:
            raise self._error
        return None

    async def close(self) -> None:
        await self._tasks.close()

    async def _follow(self, resource: Resource, namespace: str, label_selector: str, field_selector: str) -> None:
        try:
            client = self._core.client
            async for event in client.watch(
                resource, namespace, label_selector=label_selector, field_selector=field_selector
            ):
                self._events.append(event)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._error = error
        finally:
            self._is_over = True
