"""What the connections of one server share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct, field

from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.transport.heads import Heads
from wherry.transport.messages import Handler, Request
from wherry.transport.settings import Settings
from wherry.transport.sink import Flusher
from wherry.transport.stats import Stats


class Connection(Protocol):
    """What the server wants of a connection when it stops."""

    @property
    def in_hand(self) -> Request | None:
        """The request that is being answered."""
        ...

    def shut_down(self) -> None:
        """Finish what is being answered, begin nothing new, and close."""
        ...

    def abort(self) -> None:
        """Cut the connection now."""
        ...


class Service(Struct):
    """What the connections of one server share."""

    handler: Handler
    settings: Settings
    clock: Clock
    stats: Stats
    tasks: Tasks
    heads: Heads
    flusher: Flusher = field(default_factory=Flusher)
    connections: set[Connection] = field(default_factory=set)
    is_stopping: bool = False
    on_empty: Callable[[], object] | None = None
    """Called when the last connection has gone."""
