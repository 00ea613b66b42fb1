from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from wherry.store import Revision
from wherry.testing.clock import ManualClock
from wherry.watchcache.fanout import Fanout, Subscription
from wherry.watchcache.item import Item
from wherry.watchcache.window import ADDED, Batch, Event

BATCH = Batch([Event(ADDED, Item("", "a", Revision(1), b"{}"), None)])
LATER = Batch([Event(ADDED, Item("", "b", Revision(2), b"{}"), None)])


class TickingClock(ManualClock):
    """Looking at it takes five milliseconds."""

    def monotonic(self) -> float:
        self._now += 0.005
        return self._now


def subscribe(deliver: Callable[[Batch], object]) -> Subscription:
    return Subscription(None, deliver, lambda _: None)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_writers_come_first() -> None:
    order: list[str] = []
    fanout = Fanout(ManualClock())
    answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def writer() -> None:
        await answered
        order.append("writer")

    async with asyncio.TaskGroup() as group:
        group.create_task(writer())
        await turns(1)
        fanout.push(BATCH, [subscribe(lambda _: order.append("watcher"))])
        answered.set_result(None)
    await turns(4)
    assert order == ["writer", "watcher"]


async def test_the_loop_gets_its_turns_between_slices() -> None:
    delivered: list[int] = []
    fanout = Fanout(TickingClock())

    def subscriber(number: int) -> Subscription:
        return subscribe(lambda _: delivered.append(number))

    fanout.push(BATCH, [subscriber(number) for number in range(200)])
    progress = []
    while len(delivered) < 200:
        await turns(1)
        progress.append(len(delivered))
    assert delivered == list(range(200))
    assert len({*progress}) > 4  # each slice is a turn


async def test_batches_stay_in_order_and_what_comes_while_delivering_is_delivered() -> None:
    seen: list[Batch] = []
    fanout = Fanout(ManualClock())
    second = subscribe(seen.append)

    def first(batch: Batch) -> None:
        seen.append(batch)
        if batch is BATCH:
            fanout.push(LATER, [second])

    fanout.push(BATCH, [subscribe(first)])
    await turns(5)
    assert seen == [BATCH, LATER]
    fanout.push(BATCH, [second])
    await turns(5)
    assert seen == [BATCH, LATER, BATCH]


async def test_a_watcher_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Batch] = []

    def fail(_: Batch) -> None:
        raise RuntimeError("broken pipe")

    failing = subscribe(fail)
    fanout = Fanout(ManualClock())
    fanout.push(BATCH, [failing, subscribe(seen.append)])
    await turns(5)
    assert failing.is_closed
    assert seen == [BATCH]
    assert "a watcher failed" in caplog.text


async def test_nothing_comes_after_close() -> None:
    seen: list[Batch] = []
    left: list[Subscription] = []
    subscription = Subscription(None, seen.append, left.append)
    fanout = Fanout(ManualClock())
    fanout.push(BATCH, [subscription])
    subscription.close()
    subscription.close()
    await turns(5)
    assert seen == []
    assert left == [subscription]


async def test_who_calls_after_comes_after() -> None:
    seen: list[object] = []
    fanout = Fanout(ManualClock())
    fanout.push(BATCH, [subscribe(seen.append)])
    fanout.call_after(lambda: seen.append("called"))
    fanout.push(LATER, [subscribe(seen.append)])
    await turns(5)
    assert seen == [BATCH, "called", LATER]
