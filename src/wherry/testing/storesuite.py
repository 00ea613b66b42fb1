"""What every back end of `wherry.store` must do; a back end's tests subclass `StoreSuite` and say how to make one.

    class TestSqlite(StoreSuite):
        def make_store(self, folder: Path, limits: HistoryLimits) -> Store:
            return SqliteStore(folder / "state.db", ManualClock(), limits)

The tables state single rules. `agree_with_the_model` draws whole lives of a store, with reopenings, and compares each
step with the memory store. What only a real process can show (kill -9, full disks) stands in the back end's own tests.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from wherry.store import Change, KeyExists, Revision, Row, Store, StoreUnavailable, Write, WrongRevision
from wherry.store.history import HistoryLimits
from wherry.store.memory import MemoryStore

Factory: TypeAlias = Callable[[Path, HistoryLimits], Store]

NEW = Revision(0)


class Follower:
    """Listens to a store and keeps what it was told."""

    def __init__(self) -> None:
        self.batches: list[list[Change]] = []

    def __call__(self, changes: Sequence[Change]) -> None:
        self.batches.append(list(changes))

    @property
    def changes(self) -> list[Change]:
        return [change for batch in self.batches for change in batch]


def replay(rows: Sequence[Row], changes: Sequence[Change]) -> dict[str, tuple[bytes, Revision]]:
    """The present: go through `changes` from `rows` on, and check that they fit."""
    state = {row.key: (row.value, row.revision) for row in rows}
    for change in changes:
        assert change.created == (change.key not in state)
        if change.value is None:
            del state[change.key]
        else:
            state[change.key] = (change.value, change.revision)
    return state


class StoreSuite:
    """The suite. Tests are synchronous where they run loops of their own."""

    def make_store(self, folder: Path, limits: HistoryLimits) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make_store(tmp_path, HistoryLimits())

    async def test_a_new_store_is_empty(self, store: Store) -> None:
        assert tuple(await store.open(Follower())) == ([], [], 0)
        assert store.revision == 0
        await store.close()

    async def test_changes_are_told_before_the_writer_is_answered(self, store: Store) -> None:
        follower = Follower()
        await store.open(follower)
        told: list[int] = []
        future = store.write(Write("a/1", b"x", NEW))
        future.add_done_callback(lambda _: told.append(len(follower.changes)))
        revision = await future
        await asyncio.sleep(0)
        assert told == [1]
        assert follower.changes == [Change(revision, "a/1", b"x", True)]
        assert store.revision == revision == 1
        await store.close()

    @pytest.mark.parametrize(
        ("first", "second", "error"),
        [
            pytest.param(b"x", Write("a/1", b"y", NEW), KeyExists, id="create what exists"),
            pytest.param(b"x", Write("a/1", b"y", Revision(7)), WrongRevision, id="update at another revision"),
            pytest.param(b"x", Write("a/1", None, Revision(7)), WrongRevision, id="delete at another revision"),
            pytest.param(b"x", Write("a/1", None, NEW), KeyExists, id="delete what should not exist"),
            pytest.param(b"x", Write("a/2", b"y", Revision(1)), WrongRevision, id="update what does not exist"),
            pytest.param(b"x", Write("a/2", None, Revision(1)), WrongRevision, id="delete what does not exist"),
            pytest.param(b"x", Write("a/2", None, NEW), WrongRevision, id="delete nothing"),
        ],
    )
    async def test_refusals(self, store: Store, first: bytes, second: Write, error: type[Exception]) -> None:
        follower = Follower()
        await store.open(follower)
        await store.write(Write("a/1", first, NEW))
        with pytest.raises(error):
            await store.write(second)
        assert len(follower.changes) == 1
        await store.close()

    async def test_writes_take_effect_in_their_order(self, store: Store) -> None:
        await store.open(Follower())
        futures = [
            store.write(Write("a/1", b"1", NEW)),
            store.write(Write("a/1", b"2", NEW)),
            store.write(Write("a/1", b"3", Revision(1))),
            store.write(Write("a/1", None, Revision(2))),
            store.write(Write("a/1", b"5", NEW)),
        ]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [result if isinstance(result, int) else type(result) for result in results] == [1, KeyExists, 2, 3, 4]
        await store.close()

    async def test_a_writer_who_went_away_changes_nothing(self, store: Store) -> None:
        follower = Follower()
        await store.open(follower)
        store.write(Write("a/1", b"1", NEW)).cancel()
        assert await store.write(Write("a/2", b"2", NEW)) == 2
        assert [change.key for change in follower.changes] == ["a/1", "a/2"]
        await store.close()

    async def test_closing_finishes_what_was_ordered(self, store: Store) -> None:
        await store.open(Follower())
        futures = [store.write(Write(f"a/{number}", b"x", NEW)) for number in range(700)]
        await store.close()
        assert [future.result() for future in futures] == list(range(1, 701))
        with pytest.raises(StoreUnavailable):
            await store.write(Write("a/x", b"x", NEW))

    async def test_a_revision_is_never_handed_out_twice(self, tmp_path: Path) -> None:
        store = self.make_store(tmp_path, HistoryLimits(count=1))
        await store.open(Follower())
        for _ in range(5):
            created = await store.write(Write("a/1", b"x", NEW))
            deleted = await store.write(Write("a/1", None, created))
        await store.close()
        rows, changes, revision = await store.open(Follower())
        assert revision == deleted == 10
        assert replay(rows, changes) == {}
        assert await store.write(Write("a/1", b"x", NEW)) == 11
        await store.close()

    async def test_history_is_bounded(self, tmp_path: Path) -> None:
        store = self.make_store(tmp_path, HistoryLimits(count=100, bytes=1 << 20))
        await store.open(Follower())
        revision = NEW
        for number in range(400):
            revision = await store.write(Write("a/1", b"%d" % number, revision))
        await store.close()
        rows, changes, _ = await store.open(Follower())
        assert 100 <= len(changes) <= 120
        assert replay(rows, changes) == {"a/1": (b"399", 400)}
        await store.close()

    async def test_large_and_odd_values(self, store: Store) -> None:
        values = {"a/empty": b"", "a/zero": b"\0" * 10, "a/ü/☃": "☃".encode(), "a/large": b"x" * (3 << 20)}
        await store.open(Follower())
        await asyncio.gather(*(store.write(Write(key, value, NEW)) for key, value in values.items()))
        await store.close()
        rows, changes, _ = await store.open(Follower())
        assert {key: value for key, (value, _) in replay(rows, changes).items()} == values
        await store.close()

    def test_it_agrees_with_the_model(self) -> None:
        agree_with_the_model(self.make_store)


def agree_with_the_model(make_store: Factory, examples: int = 30, steps: int = 25) -> None:
    """Draw lives of a store and compare every step with the memory store."""

    class Machine(_Machine):
        factory = staticmethod(make_store)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


_KEYS = st.sampled_from(["a/1", "a/2", "b/x/1", "b/y/1"])
_VALUES = st.one_of(st.none(), st.binary(max_size=40))


class _Machine(RuleBasedStateMachine):
    """A store and the model of it, told the same things."""

    factory: Factory

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._limits = HistoryLimits(count=8, bytes=150)
        self._store = self.factory(Path(self._folder.name), self._limits)
        self._model = MemoryStore(self._limits)
        self._state: dict[str, tuple[bytes, Revision]] = {}
        self._open()

    @rule(writes=st.lists(st.tuples(_KEYS, _VALUES, st.integers(0, 3)), min_size=1, max_size=12))
    def write(self, writes: list[tuple[str, bytes | None, int]]) -> None:
        """Order several writes at once. `guess` 0 means right, 1 new, 2 stale, 3 far away."""
        stands = {key: revision for key, (_, revision) in self._state.items()}
        orders: list[Write] = []
        for key, value, guess in writes:
            right = stands.get(key, NEW)
            expected = (right, NEW, max(right - 1, 0), right + 1000)[guess]
            orders.append(Write(key, value, Revision(expected)))
        assert self._run(self._store, orders) == self._run(self._model, orders)
        self._state = replay([Row(key, *rest) for key, rest in self._state.items()], self._follower.changes)
        assert self._follower.changes == self._model_follower.changes
        self._follower.batches.clear()
        self._model_follower.batches.clear()

    @rule()
    def reopen(self) -> None:
        self._close()
        self._open()

    @invariant()
    def revisions_agree(self) -> None:
        assert self._store.revision == self._model.revision

    def teardown(self) -> None:
        self._close()
        self._runner.close()
        self._folder.cleanup()

    def _open(self) -> None:
        self._follower, self._model_follower = Follower(), Follower()
        rows, changes, revision = self._runner.run(self._store.open(self._follower))
        model_rows, model_changes, model_revision = self._runner.run(self._model.open(self._model_follower))
        assert revision == model_revision
        assert [change.revision for change in changes] == list(range(revision - len(changes) + 1, revision + 1))
        shared = min(len(changes), len(model_changes))
        assert changes[len(changes) - shared :] == model_changes[len(model_changes) - shared :]
        self._state = replay(rows, changes)
        assert self._state == replay(model_rows, model_changes)

    def _close(self) -> None:
        self._runner.run(self._store.close())
        self._runner.run(self._model.close())

    def _run(self, store: Store, writes: Sequence[Write]) -> list[Any]:
        async def order() -> list[Any]:
            answers = await asyncio.gather(*map(store.write, writes), return_exceptions=True)
            return [answer if isinstance(answer, int) else (type(answer), str(answer)) for answer in answers]

        return self._runner.run(order())
