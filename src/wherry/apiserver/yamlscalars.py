"""What a word without quotes means in YAML, as upstream's reader takes it: numbers and truth values.

Numbers are Go's: `0x1f`, `0o17`, `017`, `0b11`, `1_000`, `1e3`. Times of day (`12:30`) and addresses are text: numbers
to the base of 60, which YAML 1.1 has, were never among them. What does not fit 64 bits becomes a double; a number of
JSON without a fraction is an integer, however it was written.
"""

from __future__ import annotations

import math
import re

_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_DOUBLE = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = {
    **{f"{sign}.{word}": "+Inf" for sign in ("", "+") for word in ("inf", "Inf", "INF")},
    **{f"-.{word}": "-Inf" for word in ("inf", "Inf", "INF")},
    **{f".{word}": "NaN" for word in ("nan", "NaN", "NAN")},
}
_BASES = (16, 2, 8, 10)
_LONGEST = 400
"""Characters that the text of a double or of an integer can have before it is too large for any; digits of fractions
do not count."""
_WHOLE = 2**63
TRUE = frozenset({"y", "yes", "true", "on"})
"""Words that mean yes, in lower case; their opposites are `n`, `no`, `false` and `off`."""


def read_number(text: str) -> int | float | str:
    """The number that a word is, or the word itself; raises ValueError for a number that JSON does not have."""
    if special := _SPECIAL.get(text):
        raise ValueError(f"json: unsupported value: {special}")
    plain = text if text[:1] == "." else text.replace("_", "")
    integer = _INTEGER.fullmatch(plain)
    if integer is not None and (value := _integer(integer)) is not None:
        return value
    if _DOUBLE.fullmatch(plain) and (double := _double(plain)) is not None:
        return double
    if integer is not None:
        raise ValueError(f"json: cannot unmarshal number {text[:40]} into Go value of type float64")
    return text


def _integer(match: re.Match[str]) -> int | float | None:
    """The value; None of a decimal one that is to be read as a double, and of what is too large for that."""
    digits, base = next((match[index], base) for index, base in enumerate(_BASES, 2) if match[index] is not None)
    if len(digits) > _LONGEST or (base == 10 and len(digits) > 20):
        return None
    value = -int(digits, base) if match[1] == "-" else int(digits, base)
    if -_WHOLE <= value < 2 * _WHOLE:
        return value
    return None if base in (8, 10) else float(value)


def _double(text: str) -> int | float | None:
    """The value; None of what is too large."""
    value = float(text)
    if math.isinf(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _WHOLE else value
