from __future__ import annotations

import asyncio
from functools import partial

from wherry.testing.clock import ManualClock, TravelClock


async def test_timers_run_in_order_at_their_own_moment() -> None:
    clock = ManualClock(start=1000.0)
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, clock.time()))

    for name, seconds in (("b", 2.0), ("a", 1.0), ("c", 2.0), ("late", 9.0)):
        clock.call_later(seconds, partial(note, name))
    await clock.advance(5)
    assert seen == [("a", 1001.0), ("b", 1002.0), ("c", 1002.0)]
    assert (clock.time(), clock.monotonic(), clock.next_due) == (1005.0, 5.0, 4.0)


async def test_cancelled_timers_do_not_run() -> None:
    clock = ManualClock()
    seen: list[int] = []
    timer = clock.call_later(1, lambda: seen.append(1))
    timer.cancel()
    assert clock.next_due is None
    await clock.advance(2)
    assert seen == []


async def test_sleepers_wake_in_order_and_may_sleep_again() -> None:
    clock = ManualClock()
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, period: float) -> None:
        for _ in range(2):
            await clock.sleep(period)
            seen.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("slow", 3))
        group.create_task(sleeper("fast", 2))
        await clock.advance(10)
    assert seen == [("fast", 2.0), ("slow", 3.0), ("fast", 4.0), ("slow", 6.0)]


async def test_a_cancelled_sleeper_leaves_no_timer() -> None:
    clock = ManualClock()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(clock.sleep(5))
        await asyncio.sleep(0)
        assert clock.next_due == 5.0
        task.cancel()
    assert clock.next_due is None


async def test_a_traveling_clock_goes_on_by_itself() -> None:
    clock = TravelClock(start=1000.0)
    woken = asyncio.get_running_loop().create_future()
    clock.call_later(0.02, lambda: woken.set_result(clock.time()))
    clock.call_later(0.01, lambda: None).cancel()
    assert 1000.02 <= await woken < 1001.0
    clock.stop()


async def test_a_traveling_clock_that_jumps_leaves_no_timer_out() -> None:
    clock = TravelClock(start=0.0)
    seen: list[tuple[str, int]] = []
    for name, seconds in (("hour", 3600.0), ("minute", 60.0), ("day", 86400.0)):
        clock.call_later(seconds, partial(lambda name: seen.append((name, round(clock.time()))), name))
    await clock.advance(7200)
    assert seen == [("minute", 60), ("hour", 3600)]
    assert 7200 <= clock.time() < 7201
    due = clock.next_due
    assert due is not None
    assert 79198 < due <= 79200
    clock.stop()
    assert clock.next_due is None
