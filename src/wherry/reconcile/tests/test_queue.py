from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wherry.reconcile.queue import Queue
from wherry.testing.clock import ManualClock


class Woken:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def make() -> tuple[Queue[str], ManualClock, Woken]:
    clock, woken = ManualClock(), Woken()
    return Queue(clock, woken), clock, woken


def test_a_key_waits_once_and_in_order() -> None:
    queue, _, woken = make()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert (queue.take(), queue.take(), queue.take()) == ("a", "b", None)
    assert woken.times == 2


def test_a_key_added_while_worked_on_comes_back_when_that_is_done() -> None:
    queue, _, _ = make()
    queue.add("a")
    queue.take()
    queue.add("a")
    assert queue.take() is None
    queue.done("a")
    assert queue.take() == "a"
    queue.done("a")
    assert queue.is_idle


async def test_delayed_keys_come_when_due_and_the_earliest_wish_holds() -> None:
    queue, clock, _ = make()
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    queue.add_after("a", 20)
    await clock.advance(4.9)
    assert queue.take() is None
    await clock.advance(0.2)
    assert queue.take() == "a"
    queue.done("a")
    await clock.advance(60)
    assert queue.take() is None


async def test_back_off_doubles_until_forgotten() -> None:
    queue, _, _ = make()
    assert [queue.add_failed("a") for _ in range(3)] == [0.005, 0.01, 0.02]
    queue.forget("a")
    assert queue.add_failed("a") == 0.005
    assert queue.stats.retries == 4


async def test_a_closed_queue_keeps_nothing() -> None:
    queue, clock, _ = make()
    queue.add("a")
    queue.add_after("b", 1)
    queue.close()
    queue.add("c")
    await clock.advance(2)
    assert queue.take() is None
    assert clock.next_due is None


async def test_who_is_expected_again_and_again_is_looked_at_once_nothing_more_comes() -> None:
    queue, clock, woken = make()
    for _ in range(5):
        queue.expect("a", 50)
        queue.expect("b", 50)
        await clock.advance(20)
    queue.expect("b", None)
    assert woken.times == 0
    await clock.advance(30)
    assert (queue.take(), queue.take()) == ("a", None)
    queue.expect("c", 50)
    queue.close()
    queue.expect("c", 50)
    assert clock.next_due is None


class QueueMachine(RuleBasedStateMachine):
    """No key is lost, and none is worked on twice at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: Queue[int] = Queue(ManualClock(), lambda: None)
        self.working: set[int] = set()
        self.owed: set[int] = set()

    @rule(key=st.integers(0, 4))
    def add(self, key: int) -> None:
        self.queue.add(key)
        self.owed.add(key)

    @rule()
    def take(self) -> None:
        key = self.queue.take()
        if key is None:
            assert self.owed <= self.working
            return
        assert key not in self.working
        assert key in self.owed
        self.owed.remove(key)
        self.working.add(key)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.working)))
        self.working.remove(key)
        self.queue.done(key)

    @invariant()
    def idle_means_nothing_is_owed(self) -> None:
        assert self.queue.is_idle == (not self.owed and not self.working)


TestQueueMachine = QueueMachine.TestCase
