"""The reference model of a store: the present rows in a dict, the recent changes in a deque, nothing durable.

Every other back end is held to what this one does (`wherry.testing.storesuite`). It is also the store of tests and of
virtual control planes, of which a process holds hundreds, so an idle one is three empty containers, and a value that
the listener keeps anyway is not kept a second time: see `Held`.

The idea: `write` only notes what is wanted; one callback per turn of the event loop carries out all that was noted,
tells of it, and then answers the writers. That is the group commit of the durable stores without the disk, and it
keeps a listener that writes from being called within its own call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import repeat

from msgspec import Struct

from wherry.store import Change, Held, Listener, Revision, Row, StoreUnavailable, Write
from wherry.store.history import HistoryLimits
from wherry.store.rows import Outcome, judge


class MemorySnapshot(Struct, frozen=True):
    """What was in a store at a moment; any number of stores may begin with it."""

    rows: tuple[Row, ...]
    revision: Revision

    def __repr__(self) -> str:
        return f"<MemorySnapshot of {len(self.rows)} rows at revision {self.revision}>"


class _Past(Struct, frozen=True):
    """A change, with what it takes to undo it."""

    revision: Revision
    key: str
    held: Held | None
    before: Held | None
    size: int
    """Of the value, in bytes."""


class MemoryStore:
    """A `Store` that forgets everything with the process; it may be closed and opened again before that."""

    __slots__ = ("_bytes", "_limits", "_listener", "_loop", "_past", "_pending", "_revision", "_rows")

    def __init__(self, limits: HistoryLimits | None = None, snapshot: MemorySnapshot | None = None) -> None:
        self._limits = limits or HistoryLimits()
        self._rows: dict[str, Held] = {row.key: row for row in snapshot.rows} if snapshot is not None else {}
        self._past: deque[_Past] = deque()
        self._bytes = 0
        self._revision = snapshot.revision if snapshot is not None else Revision(0)
        self._pending: list[tuple[Write, asyncio.Future[Revision]]] = []
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self, on_changes: Listener) -> tuple[list[Row], list[Change], Revision]:
        if self._listener is not None:
            raise StoreUnavailable("the store is open already")
        self._listener = on_changes
        self._loop = asyncio.get_running_loop()
        base: dict[str, Held | None] = dict(self._rows)
        base.update((past.key, past.before) for past in reversed(self._past))
        changes = [
            Change(past.revision, past.key, past.held.value if past.held else None, past.before is None)
            for past in self._past
        ]
        return [_row(key, held) for key, held in base.items() if held is not None], changes, self._revision

    def write(self, write: Write) -> asyncio.Future[Revision]:
        loop = self._loop or asyncio.get_running_loop()
        future: asyncio.Future[Revision] = loop.create_future()
        if self._listener is None:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        if not self._pending:
            loop.call_soon(self._carry_out)
        self._pending.append((write, future))
        return future

    @property
    def revision(self) -> Revision:
        return self._revision

    def snapshot(self) -> MemorySnapshot:
        """What there is now, without its history: who watches a store that begins with it has to list first."""
        return MemorySnapshot(tuple(_row(key, held) for key, held in self._rows.items()), self._revision)

    async def close(self) -> None:
        self._carry_out()
        self._listener = self._loop = None

    def _carry_out(self) -> None:
        """Judge and apply what was ordered since the last turn, tell of it, answer the writers."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        outcomes: list[Outcome] = []
        changes: list[Change] = []
        befores: list[Held | None] = []
        for write, _ in pending:
            before = self._rows.get(write.key)
            stands_at = Revision(0) if before is None else before.revision
            outcome = judge(write, stands_at, Revision(self._revision + 1))
            outcomes.append(outcome)
            if isinstance(outcome, Change):
                self._apply(outcome)
                changes.append(outcome)
                befores.append(before)
        if changes and self._listener is not None:
            for change, before, held in zip(changes, befores, self._listener(changes) or repeat(None), strict=False):
                self._remember(change, before, held)
        for (_, future), outcome in zip(pending, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Change):
                future.set_result(outcome.revision)
            else:
                future.set_exception(outcome)

    def _apply(self, change: Change) -> None:
        self._revision = change.revision
        if change.value is None:
            del self._rows[change.key]
        else:
            self._rows[change.key] = Row(change.key, change.value, change.revision)

    def _remember(self, change: Change, before: Held | None, held: Held | None) -> None:
        """Put a change into the history, and its value where the listener holds it."""
        size = 0
        if change.value is not None:
            size = len(change.value)
            held = held or Row(change.key, change.value, change.revision)
            now = self._rows.get(change.key)
            if now is not None and now.revision == change.revision:
                self._rows[change.key] = held
        self._bytes += size
        self._past.append(_Past(change.revision, change.key, held, before, size))
        while len(self._past) > self._limits.count or self._bytes > self._limits.bytes:
            self._bytes -= self._past.popleft().size


def _row(key: str, held: Held) -> Row:
    return held if isinstance(held, Row) else Row(key, held.value, held.revision)
