"""From least to most: sizes of values and costs of expressions, in 64 bits that stop at the end instead of wrapping."""

from __future__ import annotations

import math

from msgspec import Struct

UNBOUNDED = 2**64 - 1
"""As much as there can be: nothing is known."""

_TOO_LARGE = 2.0**64


class Range(Struct, frozen=True):
    """At least `least`, at most `most`."""

    least: int
    most: int

    def __add__(self, other: Range) -> Range:
        return Range(add(self.least, other.least), add(self.most, other.most))

    def times(self, other: Range) -> Range:
        return Range(multiply(self.least, other.least), multiply(self.most, other.most))

    def scaled(self, factor: float) -> Range:
        """Multiplied, and rounded up."""
        return Range(scale(self.least, factor), scale(self.most, factor))

    def union(self, other: Range) -> Range:
        """What covers both."""
        return Range(min(self.least, other.least), max(self.most, other.most))


def exactly(value: int) -> Range:
    return Range(value, value)


NOTHING = exactly(0)
ONE = exactly(1)
UNKNOWN = Range(0, UNBOUNDED)


def add(left: int, right: int) -> int:
    return min(left + right, UNBOUNDED)


def multiply(left: int, right: int) -> int:
    return min(left * right, UNBOUNDED)


def scale(value: int, factor: float) -> int:
    """In floating point, as upstream does it: the last digits of large numbers depend on that."""
    product = float(value) * factor
    return UNBOUNDED if product >= _TOO_LARGE else math.ceil(product)
