"""Which beats of pulses can be left out because nobody could tell. Pure.

Until something else is due only pulses beat. A beat in a row of quiet ones leaves nothing but what the next leaves as
well, so that of each row the last is enough, made at its own moment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct


class Course(Struct, frozen=True):
    """One pulse from now on."""

    next: float
    """The moment of its next beat."""
    period: float
    quiet_until: float
    """Beats before this moment are quiet."""

    @property
    def loud(self) -> float:
        """The first beat that is not quiet."""
        if self.quiet_until <= self.next:
            return self.next
        if self.quiet_until == math.inf:
            return math.inf
        return self.next + math.ceil((self.quiet_until - self.next) / self.period) * self.period

    def last(self, until: float, before: float = math.inf) -> float:
        """The last beat that is not after `until`, and before `before`; the next one if there is none."""
        steps = max(0, math.floor((min(until, before) - self.next) / self.period))
        while steps and ((moment := self.next + steps * self.period) > until or moment >= before):
            steps -= 1
        return self.next + steps * self.period


def landings(courses: Sequence[Course], timer: float, end: float) -> Sequence[float]:
    """The moment of each pulse's next beat when as many are left out as can be.

    `timer` is when something other than a pulse is due (beats of that very moment come first), and `end` when whoever
    turns the clock will look. `courses` are in the order in which pulses beat that do so at the same moment. The first
    beat that is not quiet is something to everybody else: only the pulse whose own it is may go there directly.
    """
    if not courses:
        return []
    loud = [each.loud for each in courses]
    first = loud.index(min(loud))
    until = min(timer, end)
    moments = [each.last(until, loud[first]) for each in courses]
    if loud[first] <= until:
        moments[first] = loud[first]
    return moments
