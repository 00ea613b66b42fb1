"""The recent events of one kind: what a watcher that comes back, or a list at an earlier revision, is served from.

The rule: every event of the kind after `floor` is in the window. Whoever asks for something older has to list anew.
A window is bounded by count and bytes when events come in, and by age from outside (`forget`), since a kind that has
gone quiet after a burst should give its memory back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from wherry.store import Compacted, Revision
from wherry.watchcache.item import Item

EventType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]
Match: TypeAlias = Callable[[Item], bool]

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"

_HEADS: Final = {kind: b'{"type":"%b","object":' % kind.encode() for kind in ("ADDED", "MODIFIED", "DELETED")}
_TAIL: Final = b"}\n"


class Event(Struct, eq=False, gc=False):
    """One change of one object. `item` is the object now; for DELETED its last state, with the deletion's revision."""

    type: EventType
    item: Item
    prev: Item | None
    """The object before; None when it is new."""

    def __repr__(self) -> str:
        return f"<Event {self.type} {self.item.key} @{self.revision}>"

    @property
    def revision(self) -> Revision:
        return self.item.revision

    def encoded(self, type: str = "") -> bytes:
        """The line that a watch stream carries (of another type, if one is given)."""
        return b"".join((_HEADS[type or self.type], self.item.data, _TAIL))

    def seen_by(self, match: Match) -> Event | None:
        """What this event is to someone who sees only what matches; None if nothing.

        An object that begins to match appears, one that ceases to match is gone: the watcher gets the last state that
        it was allowed to see, with the revision of the change.
        """
        prev = self.prev
        before = prev is not None and match(prev)
        if self.type != DELETED and match(self.item):
            return self if before or self.type == ADDED else Event(ADDED, self.item, None)
        if not before or prev is None:
            return None
        return self if self.type == DELETED else Event(DELETED, prev.at(self.revision), prev)


class Batch:
    """Events that are delivered together. Everyone who sees the same events shares one batch and its encoding."""

    __slots__ = ("_encoded", "events", "form")

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.form: tuple[object, Batch] | None = None
        """The same events in another form, with what that is for: shared by all who want that one."""
        self._encoded: bytes | None = None

    @property
    def revision(self) -> Revision:
        return self.events[-1].revision

    def encoded(self) -> bytes:
        """All lines of a watch stream, joined; made at the first call."""
        if self._encoded is None:
            self._encoded = b"".join(part for e in self.events for part in (_HEADS[e.type], e.item.data, _TAIL))
        return self._encoded

    def seen_by(self, match: Match) -> Batch | None:
        events = [seen for event in self.events if (seen := event.seen_by(match)) is not None]
        return Batch(events) if events else None


class WindowLimits(Struct, frozen=True):
    """How far back one kind remembers."""

    count: int = 5_000
    bytes: int = 8 << 20
    seconds: float = 300.0


class Window:
    """A ring of events."""

    __slots__ = ("_bytes", "_events", "_limits", "floor")

    def __init__(self, floor: Revision, limits: WindowLimits) -> None:
        self.floor = floor
        """The oldest revision that everything since is known of."""
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._limits = limits

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += len(event.item.data)
        while self._bytes > self._limits.bytes or len(self._events) > self._limits.count:
            self._drop()

    def since(self, revision: Revision) -> list[Event]:
        """All events after `revision`, oldest first; raises Compacted."""
        events = self._newest_first(revision)
        events.reverse()
        return events

    def undo(self, revision: Revision) -> dict[tuple[str, str], Item | None]:
        """What to put back to see the kind as it was at `revision`: (namespace, name) -> item, None for absent."""
        return {(event.item.namespace, event.item.name): event.prev for event in self._newest_first(revision)}

    def forget(self, revision: Revision) -> None:
        """Give up events up to `revision`."""
        while self._events and self._events[0].revision <= revision:
            self._drop()

    def _newest_first(self, revision: Revision) -> list[Event]:
        if revision < self.floor:
            raise Compacted(f"revision {revision} is older than {self.floor}")
        found: list[Event] = []
        for event in reversed(self._events):
            if event.revision <= revision:
                break
            found.append(event)
        return found

    def _drop(self) -> None:
        event = self._events.popleft()
        self._bytes -= len(event.item.data)
        self.floor = event.revision
