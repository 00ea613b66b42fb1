"""The ConfigMaps and Secrets that pods on this node use, each watched by its own name.

A node may read only what its pods name, so there is no informer of all Secrets; each object in use has one watch,
shared by all pods that use it and ended when the last one goes. Between changes this costs nothing. A change wakes the
pods that use the object, and their workers write their volumes anew.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import ApiError, Expired, Forbidden, Gone
from wherry.api.resource import Resource
from wherry.client import Client
from wherry.lib.backoff import Backoff
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks

log = logging.getLogger(__name__)

FIRST_SECONDS = 10.0
"""How long a pod waits for an object's first answer before it tells the user what is missing."""
_RETRY = Backoff(0.5, 30.0)


class Reference(Struct, frozen=True):
    """One object by name."""

    resource: Resource
    namespace: str
    name: str


class ObjectUnavailable(Exception):
    """The API did not answer, or refused; the message says which object and why."""


class _Entry:
    __slots__ = ("error", "has_failed", "known", "task", "users", "value")

    def __init__(self) -> None:
        self.value: Obj | None = None
        self.error = ""
        self.has_failed = False
        """Somebody asked in vain, and wants to hear when there is an answer."""
        self.known = asyncio.Event()
        self.users: set[str] = set()
        self.task: asyncio.Task[None] | None = None


class ObjectCache:
    """Objects by reference, kept fresh while somebody uses them."""

    def __init__(self, client: Client, clock: Clock, chance: random.Random, on_change: Callable[[str], None]) -> None:
        """`on_change` is called with each user of an object that changed."""
        self._client = client
        self._clock = clock
        self._random = chance
        self._on_change = on_change
        self._entries: dict[Reference, _Entry] = {}
        self._tasks = Tasks("objects")

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, user: str, reference: Reference) -> Obj | None:
        """The object, None when there is none; `user` (a pod's UID) goes on to hear of its changes.

        Raises:
            ObjectUnavailable: the API cannot be asked now.
        """
        entry = self._entries.get(reference)
        if entry is None:
            entry = self._entries[reference] = _Entry()
            entry.task = self._tasks.spawn(self._follow(reference, entry), f"follow {reference.name}")
        entry.users.add(user)
        if not entry.known.is_set():
            try:
                async with asyncio.timeout(FIRST_SECONDS):
                    await entry.known.wait()
            except TimeoutError:
                entry.has_failed = True
                raise ObjectUnavailable(
                    f"failed to sync {reference.resource.singular} cache: timed out waiting for the condition"
                ) from None
        if entry.error:
            entry.has_failed = True
            raise ObjectUnavailable(entry.error)
        return entry.value

    def release(self, user: str) -> None:
        """`user` is gone: stop watching what nobody else uses."""
        for reference, entry in list(self._entries.items()):
            entry.users.discard(user)
            if not entry.users:
                del self._entries[reference]
                if entry.task is not None:
                    entry.task.cancel()

    async def close(self) -> None:
        await self._tasks.close()

    async def _follow(self, reference: Reference, entry: _Entry) -> None:
        failures = 0
        while True:
            try:
                await self._follow_once(reference, entry)
                failures = 0
            except (Expired, Gone):
                failures = 0
            except (ApiError, OSError) as error:
                failures += 1
                if isinstance(error, Forbidden) or not entry.known.is_set():
                    self._fail(entry, str(error))
            await self._clock.sleep(_RETRY.delay(failures) * self._random.uniform(0.8, 1.2))

    async def _follow_once(self, reference: Reference, entry: _Entry) -> None:
        selector = f"metadata.name={reference.name}"
        page = await self._client.list(reference.resource, reference.namespace, field_selector=selector)
        self._set(entry, page.items[0] if page.items else None)
        changes = self._client.watch(
            reference.resource, reference.namespace, field_selector=selector, resource_version=page.resource_version
        )
        async for change in changes:
            if change.type == "DELETED":
                self._set(entry, None)
            elif change.type in ("ADDED", "MODIFIED"):
                self._set(entry, change.object)

    def _set(self, entry: _Entry, value: Obj | None) -> None:
        before, entry.value = entry.value, value
        is_first = not entry.known.is_set()
        entry.error = ""
        entry.known.set()
        if entry.has_failed or (not is_first and _version(before) != _version(value)):
            entry.has_failed = False
            self._wake(entry)

    def _fail(self, entry: _Entry, error: str) -> None:
        entry.error = error
        entry.known.set()

    def _wake(self, entry: _Entry) -> None:
        for user in list(entry.users):
            self._on_change(user)


def _version(obj: Obj | None) -> str | None:
    return None if obj is None else str(obj["metadata"].get("resourceVersion", ""))
