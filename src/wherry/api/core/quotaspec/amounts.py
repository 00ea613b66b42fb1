"""Sums of quantities that keep the notation they came in: `1Gi` and `1Gi` make `2Gi`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

from msgspec import Struct

from wherry.api.meta.quantity import format_quantity, parse_quantity

_ZERO = Decimal(0)


class Amount(Struct, frozen=True):
    """So much of something."""

    value: Decimal
    is_binary: bool = False
    """Whether it is written with `Ki`, `Mi` and so on."""

    def __str__(self) -> str:
        return format_quantity(self.value, binary=self.is_binary)


Usage = dict[str, Amount]
"""Amounts by resource name."""

NOTHING = Amount(_ZERO)
ONE = Amount(Decimal(1))


def amount(text: str) -> Amount:
    return Amount(parse_quantity(text), text.endswith("i"))


def count(number: int) -> Amount:
    return Amount(Decimal(number))


def plus(one: Amount, other: Amount) -> Amount:
    """The sum, in the notation of the first that is something, as upstream adds."""
    return Amount(one.value + other.value, one.is_binary if one.value else other.is_binary)


def minus(one: Amount, other: Amount) -> Amount:
    return Amount(one.value - other.value, one.is_binary if one.value else other.is_binary)


def whole(one: Amount) -> Amount:
    """Rounded up to whole numbers."""
    return Amount(one.value.to_integral_value(ROUND_CEILING), one.is_binary)


def add(total: Usage, more: Mapping[str, Amount]) -> None:
    for name, each in more.items():
        total[name] = plus(total[name], each) if name in total else each


def largest(total: Usage, other: Mapping[str, Amount]) -> None:
    """Raise `total` to what is greater in `other`."""
    for name, each in other.items():
        if name not in total or total[name].value < each.value:
            total[name] = each


def read(amounts: Mapping[str, str] | None) -> Usage:
    """A resource list such as `requests`."""
    return {name: amount(text) for name, text in (amounts or {}).items()}


def shown(usage: Mapping[str, Amount], names: Collection[str]) -> str:
    """`cpu=1,memory=2Gi`: how refusals put it."""
    return ",".join(f"{name}={usage.get(name, NOTHING)}" for name in sorted(names))


def texts(usage: Mapping[str, Amount], names: Iterable[str]) -> dict[str, str]:
    return {name: str(usage.get(name, NOTHING)) for name in names}
