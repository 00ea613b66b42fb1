"""Values at run time: plain Python ones where there is one, and the few classes that Python and JSON lack.

CEL's bool is not a number, Python's is. Where types are not known before run time, compare with `equals`, never with
`==`, and use `to_key` and `from_key` for the keys of maps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

from msgspec import Struct

from wherry.cel.errors import EvaluationError
from wherry.cel.types import Type

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1
SECOND = 1_000_000_000
TIMESTAMP_MIN, TIMESTAMP_MAX = -62135596800 * SECOND, 253402300800 * SECOND - 1


class Uint(int):
    """An unsigned integer. Arithmetic of int gives int: wrap the result, or use `checked_uint`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """An instant, in nanoseconds since 1970 UTC; from the year 1 to the end of 9999."""

    nanoseconds: int
    offset: int = field(default=0, compare=False)
    """Seconds by which the time zone that it was written in is ahead of UTC; nothing but its text shows them."""


class Duration(Struct, frozen=True, order=True):
    """A time span, in nanoseconds; within 64 bits, some 292 years."""

    nanoseconds: int


class Optional:
    """A value that may be absent. `NONE` is the absent one."""

    __slots__ = ("_value",)
    __match_args__ = ("_value",)

    def __init__(self, *value: Any) -> None:
        self._value = value

    @property
    def has_value(self) -> bool:
        return bool(self._value)

    @property
    def value(self) -> Any:
        """Raises EvaluationError when there is none."""
        if not self._value:
            raise EvaluationError("optional.none() dereference")
        return self._value[0]

    def __eq__(self, other: object) -> bool:
        if type(other) is not Optional:
            return False
        if self._value and other._value:
            return equals(self._value[0], other._value[0])
        return self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"optional.of({self._value[0]!r})" if self._value else "optional.none()"


NONE = Optional()


class TypeValue(Struct, frozen=True):
    """A type as a value: what `type(x)` gives and `int` is. Parameters are not part of it: `type([1]) == list`."""

    name: str


class Opaque:
    """Base for the values of OpaqueTypes; equality is Python's."""

    __slots__ = ()
    cel_type: ClassVar[Type]


def fail(message: str) -> NoReturn:
    """Raise EvaluationError, where an expression is needed."""
    raise EvaluationError(message)


def checked_int(value: int) -> int:
    """An int result, if 64 bits hold it."""
    return value if INT_MIN <= value <= INT_MAX else fail("integer overflow")


def checked_uint(value: int) -> Uint:
    """A uint result, if 64 bits hold it."""
    return Uint(value) if 0 <= value <= UINT_MAX else fail("unsigned integer overflow")


def checked_duration(nanoseconds: int) -> Duration:
    """A duration, if 64 bits hold it."""
    return Duration(nanoseconds) if INT_MIN <= nanoseconds <= INT_MAX else fail("integer overflow")


def checked_timestamp(nanoseconds: int, offset: int = 0) -> Timestamp:
    """A timestamp, if it is within the years 1 to 9999."""
    return (
        Timestamp(nanoseconds, offset) if TIMESTAMP_MIN <= nanoseconds <= TIMESTAMP_MAX else fail("timestamp overflow")
    )


class BoolKey(Struct, frozen=True):
    """A bool as the key of a map, since Python takes True and 1 for the same key."""

    value: bool


_KEYS = {False: BoolKey(False), True: BoolKey(True)}


def to_key(value: Any) -> Any:
    """What stands for a value as key of a Python dict."""
    return _KEYS[value] if type(value) is bool else value


def from_key(key: Any) -> Any:
    """The value that a key of a Python dict stands for."""
    return key.value if type(key) is BoolKey else key


_NUMBERS = frozenset((int, float, Uint))


def equals(left: Any, right: Any) -> bool:
    """CEL's equality of any two values: numbers by value whatever their types, other things only within one type."""
    kind = type(left)
    if kind is not type(right):
        if kind not in _NUMBERS or type(right) not in _NUMBERS:
            return False
        return float(left) == float(right) if kind is float or type(right) is float else bool(left == right)
    if kind is list or kind is dict:
        return _equal_containers(left, right, 0, {})
    return bool(left == right)


_SHARED_DEPTH = 8
"""Below so many levels results are remembered: a rule can make a list that has itself twice at each level."""


def _equal_containers(left: Any, right: Any, depth: int, known: dict[tuple[int, int], bool]) -> bool:
    if len(left) != len(right):
        return False
    if depth < _SHARED_DEPTH:
        return _equal_items(left, right, depth, known)
    pair = id(left), id(right)
    found = known.get(pair)
    if found is None:
        found = known[pair] = _equal_items(left, right, depth, known)
    return found


def _equal_items(left: Any, right: Any, depth: int, known: dict[tuple[int, int], bool]) -> bool:
    if type(left) is dict:
        if not all(key in right for key in left):
            return False
        pairs = [(value, right[key]) for key, value in left.items()]
    else:
        pairs = list(zip(left, right, strict=True))
    for one, other in pairs:
        kind = type(one)
        if kind is type(other) and (kind is list or kind is dict):
            if not _equal_containers(one, other, depth + 1, known):
                return False
        elif not equals(one, other):
            return False
    return True
