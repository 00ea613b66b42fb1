"""Numbers as upstream compares them, and values as it tells them apart.

Go knows integers of 64 bits and floating-point numbers; what is larger in JSON is read as the latter. Bounds are
floating-point numbers in a schema, whatever they bound, and are cut to integers where an integer is compared.
"""

from __future__ import annotations

from math import isfinite, trunc
from typing import Any

from wherry.api.structural.shape import Shape
from wherry.lib.gofloats import format_float

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_EXACT = 2**53 - 1
"""Beyond this not every integer is a floating-point number."""
_FLOAT32_MAX = 3.4028234663852886e38


def is_integral(value: float) -> bool:
    """Whether a number passes as an integer: `3`, and `3.0` too."""
    if type(value) is int and INT64_MIN <= value <= INT64_MAX:
        return True
    return isfinite(value) and -_EXACT <= value <= _EXACT and (value == trunc(value) or _is_near(float(value)))


def _is_near(value: float) -> bool:
    """Upstream forgives the last bits."""
    whole = float(trunc(value))
    return abs(value - whole) < 1e-9 * min(abs(value), abs(whole))


def in_range(value: float, type_: str, format_: str) -> bool:
    """Whether a number lies in the range of a type and format."""
    if type_ == "integer":
        if type(value) is float and value != trunc(value):
            return False
        return -(2**31) <= value < 2**31 if format_ == "int32" else INT64_MIN <= value <= INT64_MAX
    return format_ != "float" or abs(value) <= _FLOAT32_MAX


def number_faults(shape: Shape, value: float) -> list[tuple[str, bool]]:
    """What the bounds of a shape say against a number: (text, whether it begins with the value's name).

    Texts with a name lack it; those without lack the place at their end.
    """
    type_ = shape.type if shape.type in ("integer", "number") and not shape.int_or_string else ""
    faults: list[tuple[str, bool]] = []
    if not in_range(value, type_, shape.format):
        faults.append((_out_of_range("Checked", type_, shape.format), False))
    for prefix, bound, test in (
        ("MultipleOf", shape.multiple_of, _multiple_fault),
        ("Minimum boundary", shape.minimum, _minimum_fault),
        ("Maximum boundary", shape.maximum, _maximum_fault),
    ):
        if bound is None:
            continue
        fits = in_range(bound, type_, shape.format)
        if not fits:
            faults.append((_out_of_range(prefix, type_, shape.format), False))
        is_whole = fits and type(value) is int and INT64_MIN <= value <= INT64_MAX
        if text := test(shape, value if is_whole else float(value), trunc(bound) if is_whole else float(bound)):
            faults.append((text, True))
    return faults


def _out_of_range(prefix: str, type_: str, format_: str) -> str:
    form = f"with format {format_}" if format_ else "(default format)"
    return f"{prefix} value must be of type {type_} {form}"


def _multiple_fault(_: Shape, value: float, factor: float) -> str:
    if factor <= 0:
        return f"must be positive: {format_number(factor)}"
    if type(value) is int:
        whole = value % int(factor) == 0
    else:
        whole = is_integral(1 / factor * value if factor < 1 else value / factor)
    return "" if whole else f"should be a multiple of {format_number(factor)}"


def _minimum_fault(shape: Shape, value: float, bound: float) -> str:
    if value > bound or (value == bound and not shape.exclusive_minimum):
        return ""
    than = "greater than" if shape.exclusive_minimum else "greater than or equal to"
    return f"should be {than} {format_number(bound)}"


def _maximum_fault(shape: Shape, value: float, bound: float) -> str:
    if value < bound or (value == bound and not shape.exclusive_maximum):
        return ""
    than = "less than" if shape.exclusive_maximum else "less than or equal to"
    return f"should be {than} {format_number(bound)}"


def format_number(value: float) -> str:
    """A number as Go prints it: `5`, `0.5`, `1e+06`."""
    return str(value) if type(value) is int else format_float(value)


def same(one: Any, other: Any) -> bool:
    """Equal as Go's JSON values are: `1`, `1.0` and `true` are three different ones."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return len(one) == len(other) and all(key in other and same(value, other[key]) for key, value in one.items())
    if type(one) is list:
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def is_listed(value: Any, listed: tuple[Any, ...]) -> bool:
    """Whether a value is one of an enumeration; numbers are compared as the enumeration's sort of number."""
    for each in listed:
        if type(value) is float and type(each) is int:
            if isfinite(value) and trunc(value) == each:
                return True
        elif type(value) is int and type(each) is float:
            if float(value) == each:
                return True
        elif each is not None and same(value, each):
            return True
    return False
