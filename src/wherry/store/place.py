"""The file that a SQLite store lives in: claimed for one server, checked before it is touched, made in one step.

What a person meets when something is wrong with the file is decided here, each case in one sentence, and always with
the file left as it was found: a claim that another server holds, a file that is not ours, one written by a newer
version, one that is damaged. So the header is read by ourselves before SQLite opens the file (opening could already
recover or checkpoint something), and a new database is made under another name and renamed, so that a file of the
right name is always a complete one.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

from wherry.store import StoreRefused

APPLICATION_ID = 0x57485259
"""`WHRY`, in the file's header, where `file(1)` and we look for it."""
FORMAT = 1
"""The layout of the tables, kept as SQLite's `user_version`."""

_MAGIC = b"SQLite format 3\0"
_HEADER_LENGTH = 100

_TABLES = """
    PRAGMA page_size = 4096;
    PRAGMA auto_vacuum = INCREMENTAL;
    BEGIN;
    CREATE TABLE log (
        revision INTEGER PRIMARY KEY,
        prev INTEGER NOT NULL,   -- the revision that this one supersedes; 0: the key was new
        time INTEGER NOT NULL,   -- seconds since the epoch
        key TEXT NOT NULL,
        value BLOB               -- NULL: the key was deleted
    ) STRICT;
    CREATE TABLE compacted (revision INTEGER NOT NULL) STRICT;  -- one row: history begins behind it
    INSERT INTO compacted VALUES (0);
    PRAGMA application_id = {application_id};
    PRAGMA user_version = {format};
    COMMIT;
"""


class Claim:
    """The right to use a database file, held against other processes until `release` or the end of this one."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path) -> None:
        lock = path.with_name(path.name + ".lock")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreRefused(f"{lock} cannot be made: {error.strerror}") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, b"%d\n" % os.getpid(), 0)
        except BlockingIOError:
            owner = os.read(self._descriptor, 20).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreRefused(
                f"{path} is in use by another server (process {owner or 'unknown'}): "
                "stop that one first, or choose another data folder"
            ) from None
        except OSError as error:
            os.close(self._descriptor)
            raise StoreRefused(f"{lock} cannot be locked: {error.strerror}") from None

    def release(self) -> None:
        # The lock file stays: removing it would let two servers hold locks on two files of the same name.
        os.close(self._descriptor)


def prepare(path: Path) -> None:
    """Make the database if there is none; raises StoreRefused when what is there is not ours to open."""
    try:
        if path.exists():
            _check_header(path)
            path.chmod(0o600)
        elif _wal(path).exists():
            raise StoreRefused(f"{path} is gone but its {_wal(path).name} is still there: restore both, or remove both")
        else:
            _create(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreRefused(f"{path} cannot be used: {error}") from None


def was_closed_in_order(path: Path) -> bool:
    """Whether the last server had time to tidy up. If not, nothing is lost, but the file deserves a closer look."""
    wal = _wal(path)
    return not wal.exists() or wal.stat().st_size == 0


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file, not even by tidying up.

    Where there is no journal to read, SQLite is told that nobody else writes (the claim sees to that), so that it does
    not leave an empty journal and an index of it beside a file that is then refused.
    """
    mode = "mode=ro&immutable=1" if was_closed_in_order(path) else "mode=ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def connect(path: Path, *, statements: int) -> sqlite3.Connection:
    """The connection that writes: durable at every commit, small in memory, frugal on disk."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=statements)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "wal_autocheckpoint = 1000",
        "journal_size_limit = 4194304",
        "cache_size = -1024",
        "secure_delete = FAST",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def damaged(path: Path, detail: object) -> StoreRefused:
    return StoreRefused(
        f"{path} is damaged ({detail}) and was left as it is: restore it from a backup, or move it away"
    )


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(_HEADER_LENGTH)
    if not header:
        raise damaged(path, "it is empty")
    application_id = int.from_bytes(header[68:72], "big")
    if not header.startswith(_MAGIC) or len(header) < _HEADER_LENGTH or application_id != APPLICATION_ID:
        raise StoreRefused(f"{path} is not a Wherry database and was left as it is: choose another data folder")
    version = int.from_bytes(header[60:64], "big")
    if version > FORMAT:
        raise StoreRefused(
            f"{path} was written by a newer version of Wherry (format {version}; this one knows {FORMAT}): upgrade"
        )


def _create(path: Path) -> None:
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.executescript(_TABLES.format(application_id=APPLICATION_ID, format=FORMAT))
    finally:
        connection.close()
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
