"""The reference model of a store: the current rows in a dict, the recent changes in a deque, nothing durable.

Every other back end is held to what this one does (`wherry.testing.storesuite`). It is also the store of tests and of
virtual control planes, of which a process holds hundreds, so an idle one is three empty containers.

The idea: `write` only notes what is wanted; one callback per turn of the event loop carries out all that was noted,
tells of it, and then answers the writers. That is the group commit of the durable stores without the disk, and it
keeps a listener that writes from being called within its own call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wherry.store import Change, Revision, Row, StoreUnavailable, Write
from wherry.store.history import HistoryLimits
from wherry.store.rows import Outcome, judge

Listener = Callable[[Sequence[Change]], None]


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """What was in a store at a moment; any number of stores may begin with it."""

    rows: tuple[Row, ...] = field(repr=False)
    revision: Revision


class MemoryStore:
    """A `Store` that forgets everything with the process; it may be closed and opened again before that."""

    __slots__ = ("_base", "_bytes", "_changes", "_limits", "_listener", "_loop", "_pending", "_revision", "_revisions")

    def __init__(self, limits: HistoryLimits | None = None, snapshot: MemorySnapshot | None = None) -> None:
        self._limits = limits or HistoryLimits()
        self._base: dict[str, Row] = {row.key: row for row in snapshot.rows} if snapshot is not None else {}
        """The rows as they stood before the oldest change in `_changes`."""
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._revisions: dict[str, Revision] = {row.key: row.revision for row in self._base.values()}
        """Where each live key stands now."""
        self._revision = snapshot.revision if snapshot is not None else Revision(0)
        self._pending: list[tuple[Write, asyncio.Future[Revision]]] = []
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self, on_changes: Listener) -> tuple[list[Row], list[Change], Revision]:
        if self._listener is not None:
            raise StoreUnavailable("the store is open already")
        self._listener = on_changes
        self._loop = asyncio.get_running_loop()
        return list(self._base.values()), list(self._changes), self._revision

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
        rows = dict(self._base)
        for change in self._changes:
            if change.value is None:
                rows.pop(change.key, None)
            else:
                rows[change.key] = Row(change.key, change.value, change.revision)
        return MemorySnapshot(tuple(rows.values()), self._revision)

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
        for write, _ in pending:
            outcome = judge(write, self._revisions.get(write.key, Revision(0)), Revision(self._revision + 1))
            outcomes.append(outcome)
            if isinstance(outcome, Change):
                self._apply(outcome)
                changes.append(outcome)
        if changes and self._listener is not None:
            self._listener(changes)
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
            del self._revisions[change.key]
        else:
            self._revisions[change.key] = change.revision
            self._bytes += len(change.value)
        self._changes.append(change)
        while len(self._changes) > self._limits.count or self._bytes > self._limits.bytes:
            self._forget(self._changes.popleft())

    def _forget(self, change: Change) -> None:
        """Fold the oldest change of the history into the base."""
        if change.value is None:
            self._base.pop(change.key, None)
        else:
            self._bytes -= len(change.value)
            self._base[change.key] = Row(change.key, change.value, change.revision)
