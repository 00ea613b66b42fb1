"""Quantities: `500m`, `1Gi`, `2e3`: exact numbers that clients write in many ways and the API in one.

Objects hold quantities as text in canonical form (the schema sees to that); code that counts with them parses them
here. Values are exact to a billionth, so sums never drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from wherry.lib.quantity import canonical, parse

__all__ = [
    "add_resources",
    "canonical",
    "ceiling",
    "format_quantity",
    "milli",
    "parse_quantity",
    "parse_resources",
    "subtract_resources",
]

parse_quantity = lru_cache(8192)(parse)
"""The value of a quantity; raises ValueError in upstream's words."""

Resources = dict[str, Decimal]
"""Amounts by resource name."""

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def format_quantity(value: Decimal | int, binary: bool = False) -> str:
    """The canonical text of a value; `binary` prefers `1Gi` to `1073741824` where nothing is lost."""
    if binary and value == int(value) and not -1024 < value < 1024:
        whole, power = int(value), 0
        while whole % 1024 == 0 and power < len(_BINARY) - 1:
            whole //= 1024
            power += 1
        return f"{whole}{_BINARY[power]}"
    return canonical(f"{Decimal(value):f}")


def ceiling(text: str) -> int:
    """The value, rounded up to a whole number (bytes, counts)."""
    return int(parse_quantity(text).to_integral_value(ROUND_CEILING))


def milli(text: str) -> int:
    """The value in thousandths, rounded up (CPU)."""
    return int((parse_quantity(text) * 1000).to_integral_value(ROUND_CEILING))


def parse_resources(amounts: Mapping[str, str] | None) -> Resources:
    """Parse a resource list such as `requests`."""
    return {name: parse_quantity(text) for name, text in (amounts or {}).items()}


def add_resources(many: Iterable[Mapping[str, Decimal]]) -> Resources:
    """Sum resource lists, name by name."""
    total: Resources = {}
    for amounts in many:
        for name, value in amounts.items():
            total[name] = total.get(name, Decimal(0)) + value
    return total


def subtract_resources(minuend: Mapping[str, Decimal], subtrahend: Mapping[str, Decimal]) -> Resources:
    """What is left of each name of the minuend."""
    return {name: value - subtrahend.get(name, Decimal(0)) for name, value in minuend.items()}
