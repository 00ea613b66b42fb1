"""SQLite passes the suite, and what only real processes and disks can show: kill -9, full and failing disks."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from wherry.store import Change, Revision, Row, Store, StoreUnavailable, Write
from wherry.store.history import HistoryLimits
from wherry.store.sqlite import SqliteStore
from wherry.testing.clock import ManualClock
from wherry.testing.storesuite import StoreSuite, replay


class TestSqlite(StoreSuite):
    def make_store(self, folder: Path, limits: HistoryLimits) -> Store:
        return SqliteStore(folder / "state.db", ManualClock(), limits)


def ignore(_: Sequence[Change]) -> None:
    return None


async def open_at(path: Path, limits: HistoryLimits | None = None) -> SqliteStore:
    store = SqliteStore(path, ManualClock(), limits)
    await store.open(ignore)
    return store


async def contents_of(path: Path) -> tuple[list[Row], list[Change], Revision]:
    store = SqliteStore(path, ManualClock())
    contents = await store.open(ignore)
    await store.close()
    return contents


async def test_what_was_read_is_handed_over_and_not_kept(tmp_path: Path) -> None:
    store = await open_at(tmp_path / "state.db")
    await store.write(Write("a/1", b"x", Revision(0)))
    await store.close()
    _, changes, _ = await store.open(ignore)
    while sys.getrefcount(changes) > 2:  # until the thread has let go, too
        await asyncio.sleep(0.001)
    await store.close()


class StoppingClock(ManualClock):
    """Breaks when told to."""

    is_broken = False

    def time(self) -> float:
        if self.is_broken:
            raise OverflowError("time has ended")
        return super().time()


async def test_writes_that_come_as_the_thread_dies_are_refused_not_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = StoppingClock()
    store = SqliteStore(tmp_path / "state.db", clock)
    await store.open(ignore)
    clock.is_broken = True
    store._grow_older()
    assert store._thread is not None
    store._thread.join()
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.write(Write("a/1", b"x", Revision(0))), 1)
    assert "the writer has ended" in caplog.text
    await store.close()


# kill -9

WRITERS = 48
VICTIM = """
import asyncio, sys
from pathlib import Path
from wherry.lib.systemclock import SystemClock
from wherry.store import Revision, Write
from wherry.store.history import HistoryLimits
from wherry.store.sqlite import SqliteStore

async def writer(store, number, stands, count):
    key = f"a/{number}"
    while True:
        count += 1
        value = None if stands and count % 7 == 0 else b"%d " % count * 500
        revision = await store.write(Write(key, value, stands))
        stands = Revision(0) if value is None else revision
        sys.stdout.write(f"{number} {count} {revision}\\n")
        sys.stdout.flush()

async def main():
    store = SqliteStore(Path(sys.argv[1]), SystemClock(), HistoryLimits(count=500))
    rows, changes, _ = await store.open(lambda changes: None)
    count = int(sys.argv[2])
    state = {row.key: row.revision for row in rows}
    for change in changes:
        state[change.key] = change.revision if change.value is not None else 0
    writers = [writer(store, n, Revision(state.get(f"a/{n}", 0)), count) for n in range(int(sys.argv[3]))]
    await asyncio.gather(*writers)

asyncio.run(main())
"""


def killed_victim(path: Path, start: int, answers: int) -> dict[str, tuple[int, int]]:
    """Run a busy process and kill it after so many answers; returns the last one of each key: (count, revision)."""
    command = [sys.executable, "-c", VICTIM, str(path), str(start), str(WRITERS)]
    acknowledged: dict[str, tuple[int, int]] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        for line in victim.stdout:
            if not line.endswith("\n"):
                break
            number, count, revision = map(int, line.split())
            acknowledged[f"a/{number}"] = (count, revision)
            answers -= 1
            if answers == 0:
                victim.kill()
    return acknowledged


async def test_nothing_acknowledged_is_lost_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    dice = random.Random(9)
    start = newest = 0
    for _ in range(6):
        acknowledged = killed_victim(path, start, dice.randint(200, 2500))
        rows, changes, revision = await contents_of(path)
        state = replay(rows, changes)
        assert [change.revision for change in changes] == list(range(revision - len(changes) + 1, revision + 1))
        assert revision >= max(newest, *(revision for _, revision in acknowledged.values()))
        for key, (count, _) in acknowledged.items():
            # At most one write of each key was under way, so what is there is the last acknowledged or the one after.
            assert state.get(key, (None,))[0] in (value_of(count), value_of(count + 1), None)
            assert key in state or count % 7 in (0, 6)
        assert all(value == value_of(int(value.split()[0])) for value, _ in state.values())
        newest = revision
        start += 10_000


def value_of(count: int) -> bytes:
    return b"%d " % count * 500


# Disks


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writes beyond `size` fail, as on a failing disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def write_until_refused(store: Store, prefix: str) -> list[str]:
    """The keys whose writes were acknowledged."""
    written: list[str] = []
    for number in range(5000):
        key = f"{prefix}/{number}"
        try:
            await store.write(Write(key, b"x" * 5000, Revision(0)))
        except StoreUnavailable:
            return written
        written.append(key)
    raise AssertionError("the disk never filled up")


async def test_recovers_from_a_failing_disk_without_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = await open_at(tmp_path / "state.db")
    with largest_file(500_000):
        written = await write_until_refused(store, "a")
    assert written
    with largest_file(1_000):
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="the database cannot be written"):
                await store.write(Write("b/1", b"x", Revision(0)))
    assert await store.write(Write("b/1", b"x", Revision(0))) == len(written) + 1
    await store.close()
    state = replay(*(await contents_of(tmp_path / "state.db"))[:2])
    assert list(state) == [*written, "b/1"]
    assert "writes failed" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
async def test_recovers_from_a_full_disk_without_a_restart(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        (disk / "ballast").write_bytes(b"x" * 500_000)
        store = await open_at(disk / "state.db")
        written = await write_until_refused(store, "a")
        with pytest.raises(StoreUnavailable):
            await store.write(Write("b/1", b"x" * 100_000, Revision(0)))
        (disk / "ballast").unlink()
        await store.write(Write("b/1", b"x" * 100_000, Revision(0)))
        await store.close()
        state = replay(*(await contents_of(disk / "state.db"))[:2])
        assert list(state) == [*written, "b/1"]
    finally:
        subprocess.run(["umount", disk], check=True)


# History and space


async def test_history_grows_old(tmp_path: Path) -> None:
    clock = ManualClock()
    store = SqliteStore(tmp_path / "state.db", clock, HistoryLimits(seconds=300))
    await store.open(ignore)
    for minute in range(12):
        await store.write(Write(f"a/{minute}", b"", Revision(0)))
        await clock.advance(60)
    await store.close()
    rows, changes, _ = await contents_of(tmp_path / "state.db")
    assert len(replay(rows, changes)) == 12
    assert 4 <= len(changes) <= 6
