"""Whatever is wrong with the file: one sentence, and the file as it was."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from wherry.store import Change, Revision, StoreRefused, Write
from wherry.store.place import FORMAT
from wherry.store.sqlite import SqliteStore
from wherry.testing.clock import ManualClock


def ignore(_: Sequence[Change]) -> None:
    return None


def store_at(path: Path) -> SqliteStore:
    return SqliteStore(path, ManualClock())


async def fill(path: Path, count: int = 300) -> None:
    store = store_at(path)
    await store.open(ignore)
    await asyncio.gather(*(store.write(Write(f"a/{n}", b"x" * 2000, Revision(0))) for n in range(count)))
    await store.close()


def not_a_database(path: Path) -> None:
    path.write_bytes(b"apiVersion: v1\n" * 100)


def too_short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE kine (id INTEGER)")
    connection.close()


def from_the_future(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200_000])


def overwritten_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[40_000:60_000] = b"\xaa" * 20_000
    path.write_bytes(data)


def without_its_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE log")
    connection.close()


def only_the_wal(path: Path) -> None:
    path.rename(path.with_name(path.name + "-wal"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (not_a_database, "is not a Wherry database"),
        (too_short, "is not a Wherry database"),
        (empty, "is damaged (it is empty)"),
        (of_another_program, "is not a Wherry database"),
        (from_the_future, "was written by a newer version of Wherry"),
        (cut_off, "is damaged (database disk image is malformed)"),
        (overwritten_in_the_middle, "is damaged (database disk image is malformed)"),
        (without_its_tables, "cannot be opened: no such table: log"),
        (only_the_wal, "is gone but its state.db-wal is still there"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_refused_and_left_as_it_is(tmp_path: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    path = tmp_path / "state.db"
    await fill(path)
    spoil(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StoreRefused) as refusal:
        await store_at(path).open(ignore)
    assert str(refusal.value).startswith(f"{path} {sentence}")
    assert (path.read_bytes() if path.exists() else None) == before


async def test_a_second_server_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first, second = store_at(path), store_at(path)
    await first.open(ignore)
    with pytest.raises(StoreRefused, match=r"is in use by another server \(process \d+\)"):
        await second.open(ignore)
    assert await first.write(Write("a/1", b"x", Revision(0))) == 1
    await first.close()
    await second.open(ignore)
    assert second.revision == 1
    await second.close()


async def test_only_the_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "state.db"
    store = store_at(path)
    await store.open(ignore)
    await store.write(Write("secrets/a/b", b"x", Revision(0)))
    modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert modes == dict.fromkeys(["state.db", "state.db-wal", "state.db-shm", "state.db.lock"], 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await store.close()


async def test_a_draft_that_was_never_finished_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "state.db.new").write_bytes(b"half")
    await fill(tmp_path / "state.db", 1)
    assert not (tmp_path / "state.db.new").exists()


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreRefused, match="cannot be made"):
        await store_at(tmp_path / "file" / "state.db").open(ignore)
