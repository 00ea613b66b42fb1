"""Where a test may stand: before every verb, and behind every write and every refusal.

A cluster that people rely on has neither. `Gate` is asked once it is known who wants what, and may hold the request up,
refuse it, or lose the answer; `Witness` hears of every write that was ordered, and of every verb that came to nothing.
All verbs of both doors (HTTP and the client in process) pass the one, all writes and errors the other; without them a
request pays for looking whether they are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.apiserver.attributes import User
from wherry.apiserver.presenting import End
from wherry.store import Revision, Write
from wherry.watchcache.item import Item

T = TypeVar("T")


class Ask(Struct, frozen=True):
    """One verb that somebody wants to do."""

    user: User
    manager: str
    verb: str
    resource: Resource
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    """"" where the path has none: lists, and most creations."""


class Obstacle(Protocol):
    """What stands in the way of one request."""

    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        """Carry the request out, sooner or later, or raise what the asker is told."""
        ...


class Gate(Protocol):
    """Asked before every verb."""

    def obstacle(self, ask: Ask) -> Obstacle | None:
        """None lets it through as if nobody had asked."""
        ...

    def watching(self, ask: Ask, end: End) -> Callable[[], object]:
        """A watch has begun, which `end` would end; returns what to call once it is over."""
        ...


class Writer(Protocol):
    """On whose behalf a write is made, by which verb: a `Call`."""

    user: User
    manager: str
    verb: str
    subresource: str


class Refused(Struct, frozen=True):
    """A verb that came to nothing."""

    user: str
    """"" for whoever could not say who he is."""
    manager: str
    verb: str
    error: ApiError
    kind: str = ""
    """"" where there is no such kind, and for plain paths."""
    resource: str = ""
    """Plural and group, as `deployments.apps`; "" for plain paths."""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    """Or the plain path."""

    @classmethod
    def of(cls, ask: Ask, error: ApiError) -> Refused:
        """What has become of `ask`."""
        kind = ask.resource
        place = (kind.kind, kind.group_resource, ask.subresource, ask.namespace, ask.name)
        return cls(ask.user.name, ask.manager, ask.verb, error, *place)


class Witness(Protocol):
    """Hears of writes, and of what was refused."""

    def ordered(
        self, writer: Writer, resource: Resource, before: Item | None, write: Write, done: asyncio.Future[Revision]
    ) -> None:
        """A write has been ordered that turns `before` into what `write` says; `done` will tell what became of it."""
        ...

    def refused(self, refused: Refused, revision: Revision) -> None:
        """Somebody was told no, when the newest write was `revision`."""
        ...
