"""The pulses and watchdogs of a clock that is turned by hand, and the leaps over what nobody can tell of.

    beats of a pulse   |    |    |    |    |    |    |        leap: only ▲ is made, at its own moment
    anything else      ·                        ▲   ·

What comes next, be it a timer, a beat that does more than the others or whoever turns the clock, finds all as it would
be had every beat been made. A watchdog that the last beat fed would have been fed by each that is left out, if nothing
else has happened since: so it is, and is no reason to land.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf
from typing import TypeVar

from wherry.lib.pulse import Pulse
from wherry.testing.leaping import Course, landings


class Pulses:
    """All of one clock. `now` tells its monotonic time; `changed` hears that `next` may be earlier than it was."""

    __slots__ = ("_beats", "_changed", "_count", "_dogs", "beating", "disturbances", "now")

    def __init__(self, now: Callable[[], float], changed: Callable[[], object]) -> None:
        self.now = now
        self._changed = changed
        self.disturbances = 0
        """Counts what may have changed what beats do."""
        self.beating: Beats | None = None
        """Whose beat it is that happens now."""
        self._count = count()
        self._beats: list[tuple[float, int, Beats]] = []
        self._dogs: list[tuple[float, int, Dog]] = []
        """Each at a moment at which it was to ring, or a later one: feeding does not move it."""

    def every(self, first: float, period: float, pulse: Pulse) -> Beats:
        beats = Beats(self, next(self._count), period, pulse)
        self.push_beats(self.now() + max(first, 0.0), beats)
        return beats

    def unless_fed(self, seconds: float, alarm: Callable[[], object]) -> Dog:
        dog = Dog(self, next(self._count), seconds, alarm)
        dog.feed()
        return dog

    @property
    def next(self) -> float:
        """When the next beats or rings."""
        return min(self._next_beat(), self._next_ring())

    def pop(self) -> Beats | Dog:
        """Who is next, beats before watchdogs; it is to be run."""
        if self._next_beat() <= self._next_ring():
            return heapq.heappop(self._beats)[2]
        return heapq.heappop(self._dogs)[2]

    def disturb(self) -> None:
        """Something else happens than quiet beats."""
        self.disturbances += 1
        self.beating = None

    def leap(self, timer: float, end: float) -> None:
        """Leave out the beats of which nobody could tell until `timer`, when something else is due, and until `end`."""
        if self._next_beat() >= min(timer, end):
            return
        dogs = [dog for _, _, dog in self._dogs if not dog.is_cancelled]
        timer = min(timer, min((dog.moment for dog in dogs if not dog.is_fed_by_each_beat), default=inf))
        beats = {each: moment for moment, _, each in sorted(self._beats, key=_number) if not each.is_cancelled}
        moments = landings([each.course(moment) for each, moment in beats.items()], timer, end)
        self._beats = [(moment, each.number, each) for each, moment in zip(beats, moments, strict=True)]
        heapq.heapify(self._beats)
        before = {each: moment - each.period for moment, _, each in self._beats}
        for dog in dogs:
            if dog.is_fed_by_each_beat and dog.feeder is not None:
                dog.moment = max(dog.moment, before[dog.feeder] + dog.seconds)

    def clear(self) -> None:
        self._beats.clear()
        self._dogs.clear()

    def push_beats(self, moment: float, beats: Beats) -> None:
        heapq.heappush(self._beats, (moment, beats.number, beats))
        self._changed()

    def push_dog(self, dog: Dog) -> None:
        heapq.heappush(self._dogs, (dog.moment, dog.number, dog))
        self._changed()

    def _next_beat(self) -> float:
        return first_moment(self._beats)

    def _next_ring(self) -> float:
        while (moment := first_moment(self._dogs)) < inf and (dog := self._dogs[0][2]).moment > moment:
            heapq.heapreplace(self._dogs, (dog.moment, dog.number, dog))
        return moment


class Callback:
    """A call that waits for the clock."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    @property
    def is_cancelled(self) -> bool:
        return self._callback is None

    def cancel(self) -> None:
        self._callback = None


class Beats(Callback):
    """Those of one pulse: set again each time before it beats."""

    __slots__ = ("_calm_since", "_pulse", "_pulses", "number", "period", "runs")

    def __init__(self, pulses: Pulses, number: int, period: float, pulse: Pulse) -> None:
        super().__init__(pulse.beat)
        self.number = number
        """Orders those of one moment, however often they were set."""
        self._pulses = pulses
        self._pulse = pulse
        self._calm_since = -1
        self.period = period
        self.runs = 0

    def course(self, moment: float) -> Course:
        """What it will do from its next beat on."""
        return Course(moment, self.period, self._pulses.now() + self._pulse.quiet_seconds())

    @property
    def is_repeating(self) -> bool:
        """Whether its next beat will do what its last one did."""
        return self._calm_since == self._pulses.disturbances and not self.is_cancelled

    def run(self) -> None:
        pulses = self._pulses
        is_quiet = self._pulse.quiet_seconds() > 0
        if not is_quiet:
            pulses.disturb()
        self.runs += 1
        self._calm_since = pulses.disturbances if is_quiet else -1
        pulses.beating = self
        pulses.push_beats(pulses.now() + self.period, self)
        self._pulse.beat()


class Dog(Callback):
    """A `Watchdog`."""

    __slots__ = ("_alarm", "_is_set", "_pulses", "_run", "feeder", "moment", "number", "seconds")

    def __init__(self, pulses: Pulses, number: int, seconds: float, alarm: Callable[[], object]) -> None:
        super().__init__(alarm)
        self.number = number
        self._pulses = pulses
        self._alarm = alarm
        self._is_set = False
        self._run = 0
        self.seconds = seconds
        self.moment = 0.0
        """When it rings, unless it is fed before."""
        self.feeder: Beats | None = None
        """Whose beat it was that fed it last, if it was one."""

    def feed(self) -> None:
        self.moment = self._pulses.now() + self.seconds
        self.feeder = self._pulses.beating
        self._run = self.feeder.runs if self.feeder is not None else 0
        if not self._is_set and not self.is_cancelled:
            self._is_set = True
            self._pulses.push_dog(self)

    @property
    def is_fed_by_each_beat(self) -> bool:
        feeder = self.feeder
        return feeder is not None and feeder.runs == self._run and feeder.is_repeating and feeder.period < self.seconds

    def run(self) -> None:
        self._pulses.disturb()
        self._is_set = False
        self._alarm()


def _number(entry: tuple[float, int, Beats]) -> int:
    return entry[1]


_Entry = TypeVar("_Entry", bound=Callback)


def first_moment(heap: list[tuple[float, int, _Entry]]) -> float:
    """When the first that has not been called off is due."""
    while heap and heap[0][2].is_cancelled:
        heapq.heappop(heap)
    return heap[0][0] if heap else inf
