"""The default store: one SQLite file, durable at every acknowledgement, for one server.

The event loop only puts writes into a queue. One thread takes whatever has queued while it waited for the disk, and
makes it durable together (group commit): a lone writer waits for one fsync, and a hundred share one. Compare-and-set is
carried out by that thread, so writes take effect in the order in which they were ordered, without a lock.

What the thread reports comes back to the loop once per group: listeners hear of the changes, then writers are answered.
History is given up between groups, a slice at a time (`sqllog.py`).

When the disk is full or fails, the writes of that group fail with StoreUnavailable, and the next group tries anew; the
server goes on reading in the meantime and recovers by itself. Should it be killed between a failed commit and the next
good one, a write that was reported as failed may be found done after the restart, as with every database.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

from wherry.lib.clock import Clock, Timer
from wherry.store import Change, Commits, Listener, Revision, Row, StoreRefused, StoreUnavailable, Write
from wherry.store.history import HistoryLimits
from wherry.store.place import Claim
from wherry.store.rows import Outcome
from wherry.store.sqllog import Contents, SqlLog

log = logging.getLogger(__name__)

Order: TypeAlias = tuple[Write, asyncio.Future[Revision]]

_WRITES_PER_GROUP = 256
_BYTES_PER_GROUP = 8 << 20
_LOOKS_PER_AGE = 5


class _GrowOlder:
    """Asks the thread to give up what is too old."""


class _Stop:
    """Asks the thread to finish."""


_GROW_OLDER = _GrowOlder()
_STOP = _Stop()


class SqliteStore:
    """A `Store` in the file at `path`, which is made if there is none."""

    def __init__(self, path: Path, clock: Clock, limits: HistoryLimits | None = None) -> None:
        self._path = path
        self._clock = clock
        self._limits = limits or HistoryLimits()
        self._revision = Revision(0)
        self.commits = Commits()
        self._listener: Listener | None = None
        self._orders: SimpleQueue[Order | _GrowOlder | _Stop] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._timer: Timer | None = None
        self._is_open = False
        self._opened: asyncio.Future[Contents] | None = None
        self._closed: asyncio.Future[None] | None = None

    async def open(self, on_changes: Listener) -> tuple[list[Row], list[Change], Revision]:
        if self._thread is not None:
            raise StoreUnavailable(f"{self._path} is open already")
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._listener = on_changes
        self._opened = loop.create_future()
        self._closed = loop.create_future()
        self._orders = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="wherry-store", daemon=True)
        self._thread.start()
        try:
            contents = await self._opened
        except BaseException:
            await self.close()
            raise
        finally:
            self._opened = None  # it holds everything that was read
        self._revision = contents.revision
        self._is_open = True
        self._age(bool(contents.changes))
        return contents

    def write(self, write: Write) -> asyncio.Future[Revision]:
        if not self._is_open:
            refused: asyncio.Future[Revision] = asyncio.get_running_loop().create_future()
            refused.set_exception(StoreUnavailable("the store is closed"))
            return refused
        future: asyncio.Future[Revision] = self._loop.create_future()
        self._orders.put((write, future))
        return future

    @property
    def revision(self) -> Revision:
        return self._revision

    def size(self) -> int:
        """Bytes of the database and of what is not yet taken over into it."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    async def close(self) -> None:
        thread, closed = self._thread, self._closed
        if thread is None or closed is None:
            return
        self._is_open = False
        self._orders.put(_STOP)
        await asyncio.shield(closed)
        thread.join()
        self._thread = self._listener = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # On the event loop

    def _has_opened(self, contents: Contents | Exception) -> None:
        if self._opened is None or self._opened.done():
            return
        if isinstance(contents, Exception):
            self._opened.set_exception(contents)
        else:
            self._opened.set_result(contents)

    def _has_closed(self) -> None:
        """The thread has ended; whatever came too late for it is answered here."""
        self._is_open = False
        while not self._orders.empty():
            order = self._orders.get_nowait()
            if isinstance(order, tuple) and not order[1].done():
                order[1].set_exception(StoreUnavailable("the store has closed"))
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def _committed(self, group: Sequence[Order], outcomes: Sequence[Outcome], has_history: bool) -> None:
        """Tell of a group: first those who listen, then those who wrote."""
        changes = [outcome for outcome in outcomes if isinstance(outcome, Change)]
        try:
            if changes:
                self._revision = changes[-1].revision
                if self._listener is not None:
                    self._listener(changes)
        finally:
            for (_, future), outcome in zip(group, outcomes, strict=True):
                if future.done():
                    continue
                if isinstance(outcome, Change):
                    future.set_result(outcome.revision)
                else:
                    future.set_exception(outcome)
            self._age(has_history)

    def _age(self, has_history: bool) -> None:
        """Have history looked at for its age, as long as there is any."""
        if has_history and self._timer is None and self._is_open:
            self._timer = self._clock.call_later(self._limits.seconds / _LOOKS_PER_AGE, self._grow_older)

    def _grow_older(self) -> None:
        self._timer = None
        self._orders.put(_GROW_OLDER)

    # On the writer's thread

    def _run(self) -> None:
        """The thread's life: claim, open, serve until told to stop, close."""
        sqllog = SqlLog(self._path, self._limits)
        claim: Claim | None = None
        try:
            claim = Claim(self._path)
            self._tell(self._has_opened, sqllog.open())
            self._serve(sqllog)
        except Exception as error:
            if not isinstance(error, StoreRefused):
                log.exception("%s: the writer has ended", self._path)
            self._tell(self._has_opened, error)
        finally:
            sqllog.close()
            if claim is not None:
                claim.release()
            self._tell(self._has_closed)

    def _serve(self, sqllog: SqlLog) -> None:
        """Commit group after group, and give up history in between."""
        while self._serve_group(sqllog):
            if sqllog.must_compact:
                self._compact(sqllog)

    def _serve_group(self, sqllog: SqlLog) -> bool:
        """Wait for something to do and do it; False when told to stop. Keeps no reference to what was written."""
        group, is_older, is_stopping = self._next_group(wait=not sqllog.must_compact)
        if group:
            outcomes = self._commit(sqllog, [write for write, _ in group])
            self._tell(self._committed, group, outcomes, sqllog.has_history)
        if is_older:
            sqllog.grow_older(self._clock.time())
            self._tell(self._age, sqllog.has_history)
        return not is_stopping

    def _next_group(self, wait: bool) -> tuple[list[Order], bool, bool]:
        """What has queued, and whether to look at ages, and to stop."""
        group: list[Order] = []
        size = 0
        is_older = False
        try:
            order = self._orders.get(block=wait)
            while True:
                if isinstance(order, tuple):
                    group.append(order)
                    size += len(order[0].value or b"")
                elif order is _GROW_OLDER:
                    is_older = True
                else:
                    return group, is_older, True
                if len(group) >= _WRITES_PER_GROUP or size >= _BYTES_PER_GROUP:
                    break
                order = self._orders.get_nowait()
        except Empty:
            pass
        return group, is_older, False

    def _commit(self, sqllog: SqlLog, writes: Sequence[Write]) -> Sequence[Outcome]:
        began, commits = self._clock.monotonic(), self.commits
        try:
            outcomes = sqllog.commit(writes, self._clock.time())
            commits.groups += 1
            commits.writes += len(writes)
            commits.seconds += self._clock.monotonic() - began
            return outcomes
        except Exception as error:
            log.error("%s: %d writes failed: %s", self._path, len(writes), error)
            return [StoreUnavailable(f"the database cannot be written: {error}") for _ in writes]

    def _compact(self, sqllog: SqlLog) -> None:
        try:
            sqllog.compact()
        except sqlite3.Error as error:
            log.warning("%s: compacting: %s", self._path, error)
            sqllog.postpone_compaction()

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call back on the loop. Should that have ended, nobody is left to be told."""
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            log.debug("%s: the event loop has ended before the store was closed", self._path)
