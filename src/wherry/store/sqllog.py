"""The log of a SQLite store: one table, a row per change, and in memory where each live key stands.

One table and no index: a change is one row appended at the end, which is the cheapest thing a B-tree can do, and the
current rows are those that no later row supersedes. Separate tables for history and present would write every value
twice. Compare-and-set looks into a dict; the table is read once, from end to end, when the store is opened, which also
finds damage before anything is served.

Giving up history up to a revision C removes what was superseded at or before C, and the deletions themselves; then
everything left at or before C is live at C, and everything after C is history. It goes in slices, each a transaction
that moves C along, so that it may stop anywhere. The space goes to the next rows, or back to the file system once too
much of it lies idle.

All of this is used from one thread.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wherry.store import Change, Revision, Row, StoreRefused, Write
from wherry.store.history import HistoryLimits
from wherry.store.marks import Marks
from wherry.store.place import connect, connect_read_only, damaged, prepare, was_closed_in_order
from wherry.store.rows import Outcome, judge

log = logging.getLogger(__name__)

_NOWHERE = Revision(0)
_ROWS_PER_STATEMENT = 64
_REVISIONS_PER_SLICE = 128
"""About a millisecond for objects of ordinary size; writers wait that long at most behind a slice."""
_PAGES_PER_SLICE = 256
_SPARE_PAGES = 1024
"""As much free space (4 MB) may stay in the file for the next rows, or a third of the file if that is more."""

_READ = "SELECT revision, prev, time, key, value FROM log ORDER BY revision"
_INSERTS = [
    "INSERT INTO log (revision, prev, time, key, value) VALUES " + ", ".join(["(?, ?, ?, ?, ?)"] * rows)  # noqa: S608
    for rows in range(_ROWS_PER_STATEMENT + 1)
]
_DELETE_SUPERSEDED = (
    "DELETE FROM log WHERE revision IN (SELECT prev FROM log WHERE revision > ? AND revision <= ? AND prev > 0)"
)
_DELETE_DELETIONS = "DELETE FROM log WHERE revision > ? AND revision <= ? AND value IS NULL"


class Contents(NamedTuple):
    """What `Store.open` returns."""

    rows: list[Row]
    changes: list[Change]
    revision: Revision


class SqlLog:
    """A database file, open. Operations that fail raise sqlite3.Error and leave nothing behind."""

    def __init__(self, path: Path, limits: HistoryLimits) -> None:
        self._path = path
        self._marks = Marks(limits)
        self._connection: sqlite3.Connection | None = None
        self._compacted = Revision(0)
        self._compact_to = Revision(0)
        self._has_surplus = False
        self.revision = Revision(0)
        self._index: dict[str, Revision] = {}
        """Where each live key stands."""

    def open(self) -> Contents:
        """Check everything, read everything, and only then open for writing. Raises StoreRefused."""
        prepare(self._path)
        try:
            contents = self._read()
            self._reconnect()
        except sqlite3.Error as error:
            self.close()
            if isinstance(error, sqlite3.OperationalError):
                raise StoreRefused(f"{self._path} cannot be opened: {error}") from None
            raise damaged(self._path, error) from None
        return contents

    def commit(self, writes: Sequence[Write], now: float) -> list[Outcome]:
        """Carry out `writes` in their order and make what they changed durable: all of it or nothing."""
        outcomes, changes, rows, staged = self._judge(writes, int(now))
        if changes:
            connection = self._connection or self._reconnect()
            try:
                _insert(connection, rows)
            except Exception as error:
                self._give_up(connection, error)
                raise
            self._advance(changes, staged, now)
        return outcomes

    def grow_older(self, now: float) -> None:
        """Let history be given up for its age. `compact` does it."""
        self._marks.note_quiet(now, self.revision)
        self._compact_to = max(self._compact_to, self._marks.due(now, self.revision))

    @property
    def has_history(self) -> bool:
        return self._compacted < self.revision

    @property
    def must_compact(self) -> bool:
        """Whether `compact` has something to do."""
        return self._compacted < self._compact_to or self._has_surplus

    def compact(self) -> None:
        """Give up one slice of the history that is due, and some space if there is much."""
        connection = self._connection or self._reconnect()
        start, end = self._compacted, Revision(min(self._compact_to, self._compacted + _REVISIONS_PER_SLICE))
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_DELETE_SUPERSEDED, (start, end))
            connection.execute(_DELETE_DELETIONS, (start, end))
            connection.execute("UPDATE compacted SET revision = ?", (end,))
            connection.execute("COMMIT")
            self._compacted = end
            surplus = _surplus(connection)
            if surplus > 0:
                # A pragma that yields rows without columns: `execute` would stop after the first page.
                connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_PER_SLICE})")
            self._has_surplus = surplus > _PAGES_PER_SLICE
        except sqlite3.Error as error:
            self._give_up(connection, error)
            raise

    def postpone_compaction(self) -> None:
        """Wait for the next reason to compact, after it has failed."""
        self._compact_to = self._compacted
        self._has_surplus = False

    def close(self) -> None:
        """Tidy up as far as the disk allows; what was acknowledged is safe either way."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error as error:
                log.warning("%s: closing: %s", self._path, error)

    def _judge(
        self, writes: Sequence[Write], now: int
    ) -> tuple[list[Outcome], list[Change], list[object], dict[str, Revision]]:
        """What becomes of `writes`: outcomes, changes, the values of their rows, and where their keys stand then."""
        outcomes: list[Outcome] = []
        changes: list[Change] = []
        rows: list[object] = []
        staged: dict[str, Revision] = {}
        index = self._index
        revision = self.revision
        for write in writes:
            key = write.key
            prev = staged[key] if key in staged else index.get(key, _NOWHERE)
            outcome = judge(write, prev, Revision(revision + 1))
            outcomes.append(outcome)
            if isinstance(outcome, Change):
                revision = outcome.revision
                changes.append(outcome)
                staged[key] = _NOWHERE if outcome.value is None else revision
                rows += (revision, prev, now, key, outcome.value)
        return outcomes, changes, rows, staged

    def _advance(self, changes: Sequence[Change], staged: dict[str, Revision], now: float) -> None:
        """`changes` are durable: remember where their keys stand."""
        for key, revision in staged.items():
            if revision:
                self._index[key] = revision
            else:
                self._index.pop(key, None)
        self.revision = changes[-1].revision
        self._marks.note(now, self.revision, sum(len(change.value or b"") for change in changes))
        self._compact_to = max(self._compact_to, self._marks.due(now, self.revision))

    def _read(self) -> Contents:
        connection = connect_read_only(self._path)
        try:
            if not was_closed_in_order(self._path):
                _check_pages(self._path, connection)
            (compacted,) = connection.execute("SELECT revision FROM compacted").fetchone()
            self._compacted = self._compact_to = self.revision = Revision(compacted)
            rows: list[Row] = []
            changes: list[Change] = []
            for revision, prev, time, key, value in connection.execute(_READ):
                if revision <= compacted:
                    rows.append(Row(key, value, revision))
                else:
                    changes.append(Change(revision, key, value, prev == 0))
                    self._marks.note(time, revision, len(value or b""))
                    self.revision = revision
                if value is None:
                    self._index.pop(key, None)
                else:
                    self._index[key] = revision
            if changes:
                self._marks.note_quiet(time, self.revision)
            return Contents(rows, changes, self.revision)
        finally:
            connection.close()

    def _reconnect(self) -> sqlite3.Connection:
        """Open for writing. Rows of a commit that was reported as failed are removed: nobody was told of them."""
        connection = connect(self._path, statements=_ROWS_PER_STATEMENT + 16)
        connection.execute("DELETE FROM log WHERE revision > ?", (self.revision,))
        self._connection = connection
        return connection

    def _give_up(self, connection: sqlite3.Connection, error: Exception) -> None:
        """Undo what has been begun. After anything worse than a full disk, start over with a new connection."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            log.warning("%s: rolling back: %s", self._path, second)
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL or connection.in_transaction:
            self.close()


def _insert(connection: sqlite3.Connection, rows: list[object]) -> None:
    """Insert five values per row. A statement alone commits itself: one call into SQLite, one wait for the disk.

    It matters that it is one: between calls the interpreter may be busy elsewhere for milliseconds.
    """
    width = 5 * _ROWS_PER_STATEMENT
    if len(rows) <= width:
        connection.execute(_INSERTS[len(rows) // 5], rows)
        return
    connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(rows), width):
        part = rows[start : start + width]
        connection.execute(_INSERTS[len(part) // 5], part)
    connection.execute("COMMIT")


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise damaged(path, verdict)


def _surplus(connection: sqlite3.Connection) -> int:
    """How many more pages are free than the next rows will need."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(free - max(_SPARE_PAGES, pages // 3))
