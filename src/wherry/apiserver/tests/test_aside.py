"""Long work beside the loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from wherry.apiserver.aside import PLACES, Aside
from wherry.lib.tasks import Tasks


async def test_work_is_done_in_another_thread() -> None:
    assert await Aside().run(threading.get_ident) != threading.get_ident()


async def test_what_goes_wrong_is_told_to_whoever_asked() -> None:
    with pytest.raises(ZeroDivisionError):
        await Aside().run(lambda: 1 / 0)


async def test_few_work_at_the_same_time_and_the_loop_goes_on() -> None:
    aside, go = Aside(), threading.Event()
    working = [0]
    most = [0]
    lock = threading.Lock()

    def work() -> None:
        with lock:
            working[0] += 1
            most[0] = max(most[0], working[0])
        assert go.wait(10)
        with lock:
            working[0] -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(3 * PLACES):
            group.create_task(aside.run(work))
        while working[0] < PLACES:
            await asyncio.sleep(0)
        await _turns(100)
        assert working[0] == PLACES
        go.set()
    assert most[0] == PLACES


async def test_a_place_is_taken_until_the_work_is_done_even_if_nobody_waits_for_it() -> None:
    aside, go = Aside(), threading.Event()
    async with Tasks("test") as tasks:
        abandoned = [tasks.spawn(aside.run(lambda: go.wait(10))) for _ in range(PLACES)]
        await _turns(10)
        for each in abandoned:
            each.cancel()
        await asyncio.gather(*abandoned, return_exceptions=True)
        next_one = tasks.spawn(aside.run(lambda: "done"))
        await _turns(100)
        assert not next_one.done()
        go.set()
        assert await next_one == "done"


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
