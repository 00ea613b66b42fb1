from __future__ import annotations

from collections.abc import Callable

from wherry.lib.clock import Timer
from wherry.lib.pulse import Leaping, Quiet, call_every, call_unless_fed
from wherry.testing.clock import ManualClock


class Plain:
    """A clock that knows timers and nothing else, as the machine's."""

    def __init__(self) -> None:
        self.hands = ManualClock(0.0)

    def time(self) -> float:
        return self.hands.time()

    def monotonic(self) -> float:
        return self.hands.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.hands.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return self.hands.call_later(seconds, callback)


async def test_a_plain_clock_makes_every_beat() -> None:
    clock, beats = Plain(), list[float]()
    assert not isinstance(clock, Leaping)
    timer = call_every(clock, 3, 10, Quiet(lambda: beats.append(clock.time())))
    await clock.hands.advance(30)
    timer.cancel()
    await clock.hands.advance(30)
    assert beats == [3, 13, 23]
    assert clock.hands.next_due is None


async def test_a_watchdog_rings_once_after_its_last_meal() -> None:
    clock, alarms = Plain(), list[float]()
    dog = call_unless_fed(clock, 50, lambda: alarms.append(clock.time()))
    for _ in range(6):
        await clock.hands.advance(20)
        dog.feed()
    await clock.hands.advance(1000)
    assert alarms == [170]
    dog.feed()
    await clock.hands.advance(49)
    assert alarms == [170]
    await clock.hands.advance(1)
    assert alarms == [170, 1170]
    dog.feed()
    dog.cancel()
    dog.feed()
    assert clock.hands.next_due is None
