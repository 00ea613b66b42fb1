"""Order, back-off, and being woken."""

from __future__ import annotations

from wherry.scheduler.queue import Queue
from wherry.scheduler.tests.objects import info
from wherry.testing.clock import ManualClock


class Woken:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def make() -> tuple[Queue, ManualClock, Woken]:
    clock, woken = ManualClock(), Woken()
    return Queue(clock, woken), clock, woken


def name(queue: Queue) -> str | None:
    return pod.key.name if (pod := queue.pop()) else None


def test_the_important_come_first_then_the_older() -> None:
    queue, _, _ = make()
    for pod in (info("first"), info("second"), info("urgent", priority=1000)):
        queue.add(pod)
    assert [name(queue) for _ in range(4)] == ["urgent", "first", "second", None]


async def test_only_a_change_that_may_help_wakes() -> None:
    queue, clock, woken = make()
    queue.add(info("web"))
    queue.pop()
    queue.refuse("uid-web", frozenset({"NodeChanged"}))
    await clock.advance(2)
    queue.wake("PodRemoved")
    assert name(queue) is None
    queue.wake("NodeChanged")
    assert name(queue) == "web"
    assert woken.times == 2


async def test_a_fresh_failure_backs_off_and_doubles() -> None:
    queue, clock, _ = make()
    queue.add(info("web"))
    for seconds in (1, 2, 4, 8, 10, 10):
        assert name(queue) == "web"
        queue.retry("uid-web")
        await clock.advance(seconds - 0.01)
        assert name(queue) is None
        await clock.advance(0.01)
    assert name(queue) == "web"


async def test_nothing_waits_for_more_than_five_minutes() -> None:
    queue, clock, _ = make()
    queue.add(info("web"))
    queue.pop()
    queue.refuse("uid-web", frozenset())
    await clock.advance(299)
    assert name(queue) is None
    await clock.advance(1)
    assert name(queue) == "web"


async def test_a_changed_question_is_asked_again() -> None:
    queue, clock, _ = make()
    queue.add(info("web", cpu="9"))
    queue.pop()
    queue.refuse("uid-web", frozenset({"NodeChanged"}))
    await clock.advance(2)
    queue.add(info("web", cpu="9"))
    assert name(queue) is None
    queue.add(info("web", cpu="1"))
    assert name(queue) == "web"


async def test_what_is_removed_does_not_come_back() -> None:
    queue, clock, _ = make()
    queue.add(info("web"))
    queue.pop()
    queue.retry("uid-web")
    queue.remove("uid-web")
    await clock.advance(60)
    assert (name(queue), len(queue)) == (None, 0)
