"""Kubernetes' quantities (its `quantity` library).

    quantity('50k').add(20) == quantity('50020')     quantity('1Gi').isGreaterThan(quantity('1G'))

Upstream keeps a quantity as a 64-bit number with a power of ten while it can, and as one of any size otherwise. Rules
can tell: only the former may be an integer. So it is kept that way here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.types import BOOL, DOUBLE, INT, STRING, OpaqueType, Type
from wherry.cel.values import INT_MAX, INT_MIN, Opaque
from wherry.lib.quantity import BINARY, Parts, read, value_of

QUANTITY = OpaqueType("kubernetes.Quantity")

_DIGITS = 18
_BINARY_DIGITS = 15
_NANO = -9


@dataclass(frozen=True, slots=True, eq=False)
class Quantity(Opaque):
    """`number` times ten to the power of `scale`. Equal when the values are."""

    cel_type: ClassVar[Type] = QUANTITY

    number: int
    scale: int
    is_small: bool
    """Kept in 64 bits."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and compare(self, other) == 0

    def __hash__(self) -> int:
        return hash(self.at(min(self.scale, _NANO)))

    def at(self, scale: int) -> int:
        """The number at a scale that is not greater than its own."""
        return self.number * int(10 ** (self.scale - scale))


def parse_quantity(text: str) -> Quantity:
    """The quantity that `text` writes; raises ValueError."""
    parts = read(text)
    number = _small_number(parts)
    if number is not None:
        return Quantity(-number if parts.is_negative else number, _small_scale(parts), is_small=True)
    value = value_of(parts)
    return Quantity(int(value.scaleb(-_NANO)), _NANO, is_small=False)


def _small_scale(parts: Parts) -> int:
    return 0 if parts.exponent is None else parts.exponent - len(parts.fraction)


def _small_number(parts: Parts) -> int | None:
    """The number in 64 bits; None where upstream turns to its other form."""
    if parts.exponent is not None:
        if len(parts.whole) + len(parts.fraction) > _DIGITS or _small_scale(parts) < _NANO:
            return None
        return int(parts.whole + parts.fraction)
    power = BINARY[parts.suffix]
    if parts.fraction or len(parts.whole) + power * 3 // 10 + 1 > _BINARY_DIGITS:
        return None
    return int(parts.whole) << power


def to_quantity(text: str) -> Quantity:
    """The quantity that `text` writes."""
    try:
        return parse_quantity(text)
    except ValueError as error:
        raise EvaluationError(str(error)) from None


def is_quantity(text: str) -> bool:
    """Whether `text` writes a quantity."""
    try:
        read(text)
    except ValueError:
        return False
    return True


def sign(quantity: Quantity) -> int:
    """-1, 0 or 1."""
    return (quantity.number > 0) - (quantity.number < 0)


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1."""
    scale = min(left.scale, right.scale)
    difference = left.at(scale) - right.at(scale)
    return (difference > 0) - (difference < 0)


def add(left: Quantity, right: Quantity | int) -> Quantity:
    """The sum."""
    if isinstance(right, int):
        right = Quantity(right, 0, is_small=True)
    if left.is_small and right.is_small and 0 in (left.number, right.number):
        return right if right.number else left
    scale = min(left.scale, right.scale)
    terms = left.at(scale), right.at(scale)
    small = left.is_small and right.is_small and all(map(_fits, (*terms, sum(terms))))
    return Quantity(sum(terms), scale, is_small=small)


def subtract(left: Quantity, right: Quantity | int) -> Quantity:
    """The difference."""
    if isinstance(right, int):
        right = Quantity(right, 0, is_small=True)
    return add(left, Quantity(-right.number, right.scale, right.is_small))


def is_integer(quantity: Quantity) -> bool:
    """Whether `as_integer` has a result."""
    return quantity.is_small and quantity.scale >= 0 and _fits(quantity.at(0))


def as_integer(quantity: Quantity) -> int:
    """The value, if it is a whole number of 64 bits and was written as one (`1000m` is not)."""
    if not is_integer(quantity):
        raise EvaluationError("cannot convert value to integer")
    return quantity.at(0)


def as_approximate_float(quantity: Quantity) -> float:
    """The value or one near it; infinite if no double is."""
    try:
        base = float(quantity.number)
    except OverflowError:
        base = float("inf") if quantity.number > 0 else float("-inf")
    if quantity.scale == 0:
        return base
    return base * (10.0**quantity.scale if quantity.scale <= 308 else float("inf")) if base else base


def _fits(number: int) -> bool:
    return INT_MIN <= number <= INT_MAX


QUANTITY_LIBRARY = Library(
    "kubernetes.quantity",
    functions=(
        Function("quantity", Overload("string_to_quantity", (STRING,), QUANTITY, to_quantity)),
        Function("isQuantity", Overload("is_quantity_string", (STRING,), BOOL, is_quantity)),
        # Documented as a member, declared as none.
        Function("sign", Overload("quantity_sign", (QUANTITY,), INT, sign)),
        Function(
            "isGreaterThan",
            Overload(
                "quantity_is_greater_than",
                (QUANTITY, QUANTITY),
                BOOL,
                lambda left, right: compare(left, right) > 0,
                is_member=True,
            ),
        ),
        Function(
            "isLessThan",
            Overload(
                "quantity_is_less_than",
                (QUANTITY, QUANTITY),
                BOOL,
                lambda left, right: compare(left, right) < 0,
                is_member=True,
            ),
        ),
        Function("compareTo", Overload("quantity_compare_to", (QUANTITY, QUANTITY), INT, compare, is_member=True)),
        Function(
            "asApproximateFloat",
            Overload("quantity_get_float", (QUANTITY,), DOUBLE, as_approximate_float, is_member=True),
        ),
        Function("asInteger", Overload("quantity_get_int", (QUANTITY,), INT, as_integer, is_member=True)),
        Function("isInteger", Overload("quantity_is_integer", (QUANTITY,), BOOL, is_integer, is_member=True)),
        Function(
            "add",
            Overload("quantity_add", (QUANTITY, QUANTITY), QUANTITY, add, is_member=True),
            Overload("quantity_add_int", (QUANTITY, INT), QUANTITY, add, is_member=True),
        ),
        Function(
            "sub",
            Overload("quantity_sub", (QUANTITY, QUANTITY), QUANTITY, subtract, is_member=True),
            Overload("quantity_sub_int", (QUANTITY, INT), QUANTITY, subtract, is_member=True),
        ),
    ),
)
