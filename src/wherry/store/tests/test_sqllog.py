from __future__ import annotations

from pathlib import Path

import pytest

from wherry.store import Change, KeyExists, Revision, Row, Write
from wherry.store.history import HistoryLimits
from wherry.store.sqllog import SqlLog
from wherry.testing.storesuite import replay

NEVER = HistoryLimits(count=1 << 30, bytes=1 << 40, seconds=300)


def opened(folder: Path, limits: HistoryLimits = NEVER) -> SqlLog:
    sqllog = SqlLog(folder / "state.db", limits)
    sqllog.open()
    return sqllog


def compact(sqllog: SqlLog, now: float) -> int:
    """Give up everything that is old at `now`; returns in how many slices."""
    slices = 0
    sqllog.grow_older(now)
    while sqllog.must_compact:
        sqllog.compact()
        slices += 1
    return slices


def reopened(sqllog: SqlLog, folder: Path) -> tuple[SqlLog, list[Row], list[Change]]:
    sqllog.close()
    again = SqlLog(folder / "state.db", NEVER)
    rows, changes, _ = again.open()
    return again, rows, changes


def test_a_group_is_judged_in_order_and_committed_once(tmp_path: Path) -> None:
    sqllog = opened(tmp_path)
    group = [Write("a/1", b"1", Revision(0)), Write("a/1", b"2", Revision(0)), Write("a/1", None, Revision(1))]
    first, second, third = sqllog.commit(group, 0.0)
    assert first == Change(Revision(1), "a/1", b"1", True)
    assert isinstance(second, KeyExists)
    assert third == Change(Revision(2), "a/1", None, False)
    sqllog.close()


@pytest.mark.parametrize("size", [1, 63, 64, 65, 200])
def test_groups_of_any_size(tmp_path: Path, size: int) -> None:
    sqllog = opened(tmp_path)
    sqllog.commit([Write(f"a/{number}", b"%d" % number, Revision(0)) for number in range(size)], 0.0)
    sqllog, rows, changes = reopened(sqllog, tmp_path)
    assert rows == []
    assert changes == [Change(Revision(n + 1), f"a/{n}", b"%d" % n, True) for n in range(size)]
    sqllog.close()


def test_compaction_keeps_what_lives_and_the_revision(tmp_path: Path) -> None:
    sqllog = opened(tmp_path)
    for number in range(1500):
        sqllog.commit([Write(f"a/{number}", b"x", Revision(0))], 0.0)
        if number % 2:
            sqllog.commit([Write(f"a/{number}", None, sqllog.revision)], 0.0)
    compact(sqllog, 1.0)
    assert compact(sqllog, 400.0) == 18
    assert not sqllog.has_history
    sqllog, rows, changes = reopened(sqllog, tmp_path)
    assert changes == []
    assert [row.key for row in rows] == [f"a/{number}" for number in range(0, 1500, 2)]
    assert sqllog.revision == 2250
    sqllog.close()


def test_an_interrupted_compaction_goes_on_where_it_was(tmp_path: Path) -> None:
    sqllog = opened(tmp_path)
    revision = Revision(0)
    for _ in range(1200):
        sqllog.commit([Write("a/1", b"x", revision)], 0.0)
        revision = sqllog.revision
    compact(sqllog, 1.0)
    sqllog.grow_older(400.0)
    sqllog.compact()
    sqllog, rows, changes = reopened(sqllog, tmp_path)
    assert [row.revision for row in rows] == [128]
    assert len(changes) == 1200 - 128
    assert replay(rows, changes) == {"a/1": (b"x", 1200)}
    compact(sqllog, 401.0)
    sqllog, rows, changes = reopened(sqllog, tmp_path)
    assert (rows, changes) == ([Row("a/1", b"x", Revision(1200))], [])
    sqllog.close()


def test_space_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    sqllog = opened(tmp_path)
    revision = Revision(0)
    for _ in range(30):
        sqllog.commit([Write("a/1", b"x" * 1_000_000, revision)], 0.0)
        revision = sqllog.revision
    compact(sqllog, 1.0)
    assert path.stat().st_size > 25_000_000
    compact(sqllog, 400.0)
    sqllog.close()
    assert path.stat().st_size < 6_000_000


def test_limits_of_count_and_bytes_need_no_clock(tmp_path: Path) -> None:
    sqllog = opened(tmp_path, HistoryLimits(count=100, bytes=10_000, seconds=1e9))
    revision = Revision(0)
    for _ in range(300):
        sqllog.commit([Write("a/1", b"x" * 500, revision)], 0.0)
        revision = sqllog.revision
        while sqllog.must_compact:
            sqllog.compact()
    sqllog, _, changes = reopened(sqllog, tmp_path)
    assert 20 <= len(changes) <= 24
    sqllog.close()
