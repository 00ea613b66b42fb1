"""`"%s has %d".format([name, count])`: text with clauses that arguments fill (cel-go's `strings` extension, version 2).

Clauses are %s, %d, %f, %e, %b, %x, %X, %o, with a precision (`%.2f`) where it means something. What version 2 has and
version 4 has not, Kubernetes' users see: numbers of %f are grouped (`1,234.500000`), those of %e have their
exponent in superscripts, and what stands in lists and maps looks like literals.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from operator import attrgetter, itemgetter
from typing import Any

from wherry.cel.conversions import (
    bool_to_string,
    bytes_to_string,
    double_to_string,
    duration_to_string,
    int_to_string,
    timestamp_to_string,
)
from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.library.quoting import quote
from wherry.cel.limits import LONGEST_TEXT
from wherry.cel.operations import type_of
from wherry.cel.values import Duration, Timestamp, TypeValue, Uint, from_key

Clause = Callable[[Any, int], str]
"""Makes text of an argument, with so many digits behind the point."""

CLAUSE = re.compile(r"%(?:(%)|(?:\.([0-9]*))?(.)?)", re.DOTALL)
_DEFAULT_PRECISION = 6
_MOST_DIGITS = 1100
"""No double has more digits behind its point."""


class WrongTypeError(Exception):
    """A clause cannot show a value of this type."""


def format_text(text: str, arguments: list[Any]) -> str:
    """`text` with each clause replaced by what it makes of its argument."""
    _check_length(arguments)
    used = 0

    def fill(match: re.Match[str]) -> str:
        nonlocal used
        if match[1]:
            return "%"
        if used >= len(arguments):
            raise EvaluationError(f"index {used} out of range")
        argument = arguments[used]
        used += 1
        clause, precision = parse_clause(match)
        try:
            return clause(argument, precision)
        except WrongTypeError as error:
            raise EvaluationError(f"error during formatting: {error}") from None

    return CLAUSE.sub(fill, text)


def _check_length(arguments: list[Any]) -> None:
    """Raise CostExceededError if the arguments alone would make a text that is too long."""
    left, rest = LONGEST_TEXT, [arguments]
    while rest:
        value: Any = rest.pop()
        if type(value) is str or type(value) is bytes:
            left -= len(value)
        elif type(value) is list:
            left -= 2 * len(value)
            rest += [each for each in value if type(each) in _LONG]
        elif type(value) is dict:
            left -= 4 * len(value)
            rest += value.keys()
            rest += value.values()
        if left < 0:
            raise CostExceededError


_LONG = frozenset({str, bytes, list, dict})


def parse_clause(match: re.Match[str]) -> tuple[Clause, int]:
    """What a match of `CLAUSE` asks for; raises EvaluationError."""
    precision, letter = match[2], match[3]
    if letter is None and precision is None:
        raise EvaluationError("unexpected end of string")
    if letter is None:
        raise _unparsable("error while parsing precision: could not find end of precision specifier")
    if precision is not None and not 0 < len(precision) < 19:
        reason = "value out of range" if precision else "invalid syntax"
        convert = f'error while converting precision to integer: strconv.Atoi: parsing "{precision}": {reason}'
        raise _unparsable(f"error while parsing precision: {convert}")
    if letter not in CLAUSES:
        raise _unparsable(f'unrecognized formatting clause "{letter}"')
    return CLAUSES[letter], _DEFAULT_PRECISION if precision is None else int(precision)


def _unparsable(reason: str) -> EvaluationError:
    return EvaluationError(f"could not parse formatting clause: {reason}")


DEMANDS = {
    "s": "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
    "and timestamps",
    "d": "decimal clause can only be used on integers",
    "f": "fixed-point clause can only be used on doubles",
    "e": "scientific clause can only be used on doubles",
    "b": "only integers and bools can be formatted as binary",
    "o": "octal clause can only be used on integers",
    "x": "only integers, byte buffers, and strings can be formatted as hex",
    "X": "only integers, byte buffers, and strings can be formatted as hex",
}
"""What each clause says of an argument that it does not take."""


def _string(value: Any, _precision: int = 0) -> str:
    kind = type(value)
    if kind is list:
        return _list(value)
    if kind is dict:
        return _map(value)
    if kind not in _TEXT:
        raise _wrong("s", value)
    return _TEXT[kind](value)


def _decimal(value: Any, _precision: int = 0) -> str:
    if type(value) not in (int, Uint):
        raise _wrong("d", value)
    return str(int(value))


def _fixed(value: Any, precision: int) -> str:
    number = _number(value, "f")
    if not math.isfinite(number):
        return _not_finite(number)
    text = f"{number:,.{min(precision, _MOST_DIGITS)}f}"
    if precision > 0xFF:  # upstream keeps how many zeros there must be at least in one byte
        whole, _, fraction = text.partition(".")
        fraction = fraction.rstrip("0").ljust(precision & 0xFF, "0")
        return f"{whole}.{fraction}" if fraction else whole
    return text


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _scientific(value: Any, precision: int) -> str:
    number = _number(value, "e")
    if not math.isfinite(number):
        return _not_finite(number)
    mantissa, _, exponent = f"{number:.{min(precision, _MOST_DIGITS)}e}".partition("e")
    return f"{mantissa}\u00d710{exponent.replace('+', '').translate(_SUPERSCRIPT)}"


def _number(value: Any, letter: str) -> float:
    if type(value) is float:
        return value + 0.0
    if type(value) is str and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    raise _wrong(letter, value)


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "∞" if number > 0 else "-∞"


def _binary(value: Any, _precision: int = 0) -> str:
    if type(value) not in (int, Uint, bool):
        raise _wrong("b", value)
    return f"{int(value):b}"


def _octal(value: Any, _precision: int = 0) -> str:
    if type(value) not in (int, Uint):
        raise _wrong("o", value)
    return f"{int(value):o}"


def _hexadecimal(value: Any, _precision: int = 0) -> str:
    match value:
        case str():
            return value.encode(errors="replace").hex()
        case bytes():
            return value.hex()
        case int() if type(value) is not bool:
            return f"{int(value):x}"
    raise _wrong("x", value)


CLAUSES: dict[str, Clause] = {
    "s": _string,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _binary,
    "o": _octal,
    "x": _hexadecimal,
    "X": lambda value, precision: _hexadecimal(value, precision).upper(),
}


def _list(items: list[Any]) -> str:
    return f"[{', '.join(map(_literal, items))}]"


def _map(entries: dict[Any, Any]) -> str:
    pairs = [(_key(from_key(key)), _literal(value)) for key, value in entries.items()]
    return "{" + ", ".join(f"{key}:{value}" for key, value in sorted(pairs, key=itemgetter(0))) + "}"


def _key(key: Any) -> str:
    return quote(key) if type(key) is str else _string(key)


def _literal(value: Any) -> str:
    """A value as it stands within a list or map."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if kind is bytes:
        return "b" + quote(_string(value))
    if kind is float:
        return f"{value:.6f}" if math.isfinite(value) else quote(_string(value))
    if kind is Timestamp:
        return f"timestamp({quote(_string(value))})"
    if kind is Duration:
        return f"duration({quote(_string(value))})"
    if kind not in _TEXT and kind not in (list, dict):
        raise WrongTypeError(f"no formatting function for {type_of(value).name}")
    return _string(value)


_TEXT: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: bool_to_string,
    int: int_to_string,
    Uint: int_to_string,
    float: double_to_string,
    bytes: bytes_to_string,
    type(None): lambda _: "null",
    TypeValue: attrgetter("name"),
    Timestamp: timestamp_to_string,
    Duration: duration_to_string,
}


def _wrong(letter: str, value: Any) -> WrongTypeError:
    return WrongTypeError(f"{DEMANDS[letter]}, was given {type_of(value).name}")
