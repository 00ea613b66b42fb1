from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wherry.store import Revision
from wherry.store.history import HistoryLimits
from wherry.store.marks import Marks

LIMITS = HistoryLimits(count=50, bytes=1_000, seconds=100.0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60))))
def test_never_gives_up_what_is_within_all_limits(steps: list[tuple[int, int]]) -> None:
    """And keeps no more than a mark's distance beyond them."""
    marks = Marks(LIMITS)
    log: list[tuple[float, int]] = []
    now, compacted = 0.0, 0
    for seconds, size in steps:
        now += seconds
        log.append((now, size))
        revision = Revision(len(log))
        marks.note(now, revision, size)
        compacted = max(compacted, marks.due(now, revision))
        for time, size_then, count in (
            (log[r - 1][0], sum(s for _, s in log[r:]), len(log) - r) for r in [compacted] if r
        ):
            assert now - time >= LIMITS.seconds or size_then >= LIMITS.bytes or count >= LIMITS.count
        kept = log[compacted:]
        assert len(kept) <= LIMITS.count * 1.1 + 1
        assert sum(size for _, size in kept) <= LIMITS.bytes * 1.1 + 2 * 60


def test_a_quiet_log_grows_old_to_its_end() -> None:
    marks = Marks(LIMITS)
    for revision in range(1, 5):
        marks.note(0.0, Revision(revision), 1)
    marks.note_quiet(10.0, Revision(4))
    assert marks.due(100.0, Revision(4)) == 1
    assert marks.due(110.0, Revision(4)) == 4
    assert marks.due(1000.0, Revision(4)) == 0
