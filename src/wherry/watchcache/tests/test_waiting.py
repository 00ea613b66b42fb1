from __future__ import annotations

import asyncio

import pytest

from wherry.store import Revision, StoreUnavailable
from wherry.testing.clock import ManualClock
from wherry.watchcache.waiting import Waiters


async def test_those_who_gave_up_are_forgotten() -> None:
    """A client with a revision of another cluster may ask for it again and again."""
    clock = ManualClock()
    waiters = Waiters(clock)
    async with asyncio.TaskGroup() as group:
        late = [group.create_task(_outcome(waiters, 1000 + number)) for number in range(10)]
        here = group.create_task(_outcome(waiters, 5))
        gone = group.create_task(_outcome(waiters, 6))
        await clock.advance(1)
        gone.cancel()
        waiters.reach(Revision(5))
        await clock.advance(3)
    assert [task.result() for task in late] == ["TimeoutError"] * 10
    assert here.result() == ""
    assert len(waiters) == 0
    assert clock.next_due is None


async def test_closing_fails_those_who_wait() -> None:
    waiters = Waiters(ManualClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_outcome(waiters, 5))
        await asyncio.sleep(0)
        waiters.close()
    assert task.result() == StoreUnavailable.__name__
    assert len(waiters) == 0


async def _outcome(waiters: Waiters, revision: int) -> str:
    try:
        await waiters.wait(Revision(revision), 3.0)
    except (TimeoutError, StoreUnavailable) as error:
        return type(error).__name__
    return ""


@pytest.mark.parametrize("revision", [1, 2])
async def test_a_revision_that_is_reached_wakes(revision: int) -> None:
    waiters = Waiters(ManualClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_outcome(waiters, revision))
        await asyncio.sleep(0)
        waiters.reach(Revision(2))
    assert task.result() == ""
