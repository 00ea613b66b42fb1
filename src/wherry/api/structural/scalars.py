"""What is asked of strings and numbers, as functions that answer yes or no; for the tables of `verdict.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from wherry.api.structural.formats import find_format
from wherry.api.structural.numbers import INT64_MAX, INT64_MIN, is_integral, is_listed, number_faults
from wherry.api.structural.shape import Shape
from wherry.lib.regex import PatternError, compile_pattern

Check: TypeAlias = Callable[[Any], bool]

_REMEMBERED, _SHORT = 256, 64


def join_checks(checks: list[Check]) -> Any:
    """All of them in one; True when there is none."""
    match checks:
        case []:
            return True
        case [check]:
            return check
        case [first, second]:
            return lambda value: first(value) and second(value)
        case [first, *others]:
            rest = join_checks(others)
            return lambda value: first(value) and rest(value)


def string_checks(shape: Shape) -> list[Check]:
    """Length, pattern and format."""
    checks: list[Check] = []
    least, most = shape.min_length or 0, shape.max_length
    if most is not None:
        checks.append((lambda value: least <= len(value) <= most) if least > 0 else (lambda value: len(value) <= most))
    elif least > 0:
        checks.append(lambda value: len(value) >= least)
    if shape.pattern:
        checks.append(_pattern_check(shape.pattern))
    if shape.format and (is_format := find_format(shape.format)) is not None:
        checks.append(is_format)
    return checks


def _pattern_check(text: str) -> Check:
    """The pattern is compiled when it is first asked: a large definition has hundreds.

    Answers about short texts are remembered: most objects of a kind have the same few.
    """
    search: list[Check] = []
    known: dict[str, bool] = {}

    def check(value: Any) -> bool:
        answer = known.get(value)
        if answer is not None:
            return answer
        if not search:
            search.append(_searcher(text))
        answer = search[0](value)
        if len(value) <= _SHORT:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[value] = answer
        return answer

    return check


def _searcher(text: str) -> Check:
    try:
        return compile_pattern(text).search
    except PatternError:
        return lambda _: False


def number_checks(shape: Shape, kind: type) -> list[Check]:
    """Range, bounds and multiples, of numbers that are held as `kind`."""
    bounds = (shape.minimum, shape.maximum)
    if shape.multiple_of is not None or not all(_is_plain(bound) for bound in bounds):
        return [*_integral_check(shape), lambda value: not number_faults(shape, value)]
    if kind is int and shape.type == "integer":
        return [_between(*_integer_range(shape))]
    if shape.format:
        return [*_integral_check(shape), lambda value: not number_faults(shape, value)]
    return [*_integral_check(shape), *_bound_checks(shape)]


def _integral_check(shape: Shape) -> list[Check]:
    return [is_integral] if "integer" in shape.types else []


def _is_plain(bound: float | None) -> bool:
    """Whether a bound means the same to integers and others."""
    return bound is None or (abs(bound) < 2**53 and bound == int(bound))


def _integer_range(shape: Shape) -> tuple[int, int]:
    """From where to where an integer may be; plain bounds only."""
    least, most = (-(2**31), 2**31 - 1) if shape.format == "int32" else (INT64_MIN, INT64_MAX)
    if shape.minimum is not None:
        least = max(least, int(shape.minimum) + shape.exclusive_minimum)
    if shape.maximum is not None:
        most = min(most, int(shape.maximum) - shape.exclusive_maximum)
    return least, most


def _between(least: int, most: int) -> Check:
    return lambda value: least <= value <= most


def _bound_checks(shape: Shape) -> list[Check]:
    checks: list[Check] = []
    if (most := shape.maximum) is not None:
        checks.append((lambda value: value < most) if shape.exclusive_maximum else (lambda value: value <= most))
    if (least := shape.minimum) is not None:
        checks.append((lambda value: value > least) if shape.exclusive_minimum else (lambda value: value >= least))
    return checks


def enum_check(listed: tuple[Any, ...]) -> Check:
    """Whether a value is one of an enumeration."""
    if all(type(each) is str for each in listed):
        strings = frozenset(listed)
        return lambda value: type(value) is str and value in strings
    return lambda value: is_listed(value, listed)
