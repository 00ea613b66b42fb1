"""Floating-point numbers in the form that Go prints them, where programs compare messages word for word."""

from __future__ import annotations

from decimal import Decimal


def format_float(value: float) -> str:
    """As `%v`: the fewest digits that mean this number, with an exponent from `1e+06` up and from `1e-05` down."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    assert isinstance(exponent, int)
    magnitude = len(digits) + exponent - 1
    if value == 0 or -4 <= magnitude < 6:
        return format(Decimal((sign, digits, exponent)), "f")
    text = "".join(map(str, digits))
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if magnitude < 0 else '+'}{abs(magnitude):02d}"
