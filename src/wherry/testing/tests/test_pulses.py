from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.pulse import Quiet, call_every, call_unless_fed
from wherry.testing.clock import ManualClock, TravelClock

Seen = list[tuple[float, str, tuple[float, ...]]]


def leaping() -> ManualClock:
    clock = ManualClock(0.0)
    clock.may_leap = lambda: True
    return clock


async def test_nothing_is_left_out_where_somebody_may_look() -> None:
    clock, beats = ManualClock(0.0), list[float]()
    call_every(clock, 10, 10, Quiet(lambda: beats.append(clock.time())))
    await clock.advance(35)
    assert beats == [10, 20, 30]


async def test_of_quiet_beats_the_last_is_made_at_its_own_moment() -> None:
    clock, beats = leaping(), list[float]()
    timer = call_every(clock, 10, 10, Quiet(lambda: beats.append(clock.time())))
    clock.call_later(55, lambda: beats.append(-1))
    await clock.advance(1000)
    assert beats == [50, -1, 1000]
    timer.cancel()
    await clock.advance(1000)
    assert beats == [50, -1, 1000]
    assert clock.next_due is None


async def test_who_is_no_longer_fed_rings_in_time() -> None:
    clock, alarms = leaping(), list[float]()
    dog = call_unless_fed(clock, 50, lambda: alarms.append(clock.time()))
    timer = call_every(clock, 10, 10, Quiet(dog.feed))
    await clock.advance(1005)
    timer.cancel()
    await clock.advance(1000)
    assert alarms == [1050]
    dog.feed()
    await clock.advance(49)
    dog.cancel()
    await clock.advance(1000)
    assert alarms == [1050]


async def test_a_clock_that_goes_by_itself_beats_too() -> None:
    clock, beats = TravelClock(0.0), list[str]()
    call_every(clock, 0.01, 0.01, Quiet(lambda: beats.append("beat")))
    call_unless_fed(clock, 0.025, lambda: beats.append("alarm"))
    await clock.sleep(0.1)
    assert beats[:2] == ["beat", "beat"]
    assert beats.count("alarm") == 1
    clock.stop()


@dataclass
class World:
    """Pulses that feed watchdogs, and timers that look at what the pulses have left and change whom they feed."""

    clock: ManualClock
    periods: Sequence[int]
    loud: frozenset[tuple[int, int]]
    changes: dict[int, tuple[int, int]]
    seen: Seen = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = [0.0] * len(self.periods)
        self.dogs = [call_unless_fed(self.clock, 50, self.noting(f"dog {i}")) for i in range(3)]
        self.fed = {(i, i) for i in range(len(self.periods))}
        for number, period in enumerate(self.periods):
            call_every(self.clock, period, period, Pulsing(self, number))
        for at, change in self.changes.items():
            self.clock.call_later(at + 0.5, partial(self.change, *change))

    def noting(self, what: str) -> Callable[[], None]:
        return lambda: self.note(what)

    def note(self, what: str) -> None:
        self.seen.append((self.clock.time(), what, tuple(self.left)))

    def change(self, pulse: int, dog: int) -> None:
        self.note("timer")
        self.fed ^= {(pulse, dog)}

    def loud_from(self, pulse: int) -> Iterator[float]:
        return (moment for number, moment in self.loud if number == pulse and moment > self.left[pulse])


@dataclass
class Pulsing:
    world: World
    number: int

    def beat(self) -> None:
        world, now = self.world, self.world.clock.time()
        is_loud = any(moment <= now for moment in world.loud_from(self.number))
        world.left[self.number] = now
        for pulse, dog in sorted(world.fed):
            if pulse == self.number:
                world.dogs[dog].feed()
        if is_loud:
            world.note(f"pulse {self.number}")

    def quiet_seconds(self) -> float:
        return min(self.world.loud_from(self.number), default=inf) - self.world.clock.time()


TIMES = st.integers(1, 600)


@given(
    st.lists(st.sampled_from([7, 10, 10, 13, 40]), min_size=1, max_size=3),
    st.frozensets(st.tuples(st.integers(0, 2), TIMES), max_size=6),
    st.dictionaries(TIMES, st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=6),
    st.lists(TIMES, min_size=1, max_size=3),
)
async def test_nobody_can_tell_what_was_left_out(
    periods: list[int],
    loud: frozenset[tuple[int, int]],
    changes: dict[int, tuple[int, int]],
    spans: list[int],
) -> None:
    seen = []
    for clock in (ManualClock(0.0), leaping()):
        world = World(clock, periods, loud, changes)
        for span in spans:
            await clock.advance(span)
            world.note("who turned the clock")
        seen.append(world.seen)
    assert seen[0] == seen[1]
