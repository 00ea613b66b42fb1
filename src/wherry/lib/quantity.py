"""Amounts with a suffix, `500m`, `1Gi`, `2e3`: exact numbers and their canonical form.

`1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`. The rule: no fraction, and the largest suffix of the same family
(decimal, binary, exponent) that needs none; at most nano precision, rounded up. Numbers without a suffix are decimal;
so is what is binary but small or not whole. Binary amounts stop at 2^63 - 1. Upstream reads millions of digits; here
whole numbers take time that grows with the square of their length, and nobody else would be served meanwhile.
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_UP, Context, Decimal
from functools import lru_cache

from msgspec import Struct

WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
WRONG_SUFFIX = "unable to parse quantity's suffix"

LONGEST = 2000
"""Characters of an amount; what is longer is none."""
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
"""Powers of ten by suffix."""
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
"""Powers of two by suffix."""

_READ = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_EXPONENT = re.compile(r"[eE][+-]?[0-9]{1,18}")
_SMALL = re.compile(r"0|[1-9][0-9]{0,2}")
_SUFFIXES = {power: suffix for suffix, power in DECIMAL.items()}

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_LARGEST_EXPONENT = 1000
_BINARY_LIMIT = Decimal(2**63 - 1)
_NANO = Decimal(1).scaleb(-9)


class Parts(Struct, frozen=True):
    """An amount as it is written."""

    is_negative: bool
    whole: str
    """Digits before the point, without leading zeros; `0` if none are left."""
    fraction: str
    suffix: str

    @property
    def exponent(self) -> int | None:
        """The power of ten that the suffix stands for; None of a binary one."""
        power = DECIMAL.get(self.suffix)
        if power is not None or self.suffix in BINARY:
            return power
        return int(self.suffix[1:])


def read(text: str) -> Parts:
    """Take the amount apart; raises ValueError in upstream's words."""
    match = _READ.fullmatch(text) if 0 < len(text) <= LONGEST else None
    if match is None:
        raise ValueError(WRONG_FORMAT)
    suffix = match[4]
    if suffix not in DECIMAL and suffix not in BINARY and not _is_exponent(suffix):
        raise ValueError(WRONG_SUFFIX)
    return Parts(match[1] == "-", match[2] or "0", match[3] or "", suffix)


def _is_exponent(suffix: str) -> bool:
    return _EXPONENT.fullmatch(suffix) is not None and abs(int(suffix[1:])) < _LARGEST_EXPONENT


def value_of(parts: Parts) -> Decimal:
    """The exact value, within the limits of precision and size."""
    number = Decimal(f"{parts.whole}.{parts.fraction}")
    exponent = parts.exponent
    if exponent is not None:
        value = number.scaleb(exponent, _EXACT)
    else:
        value = min(_EXACT.multiply(number, Decimal(2 ** BINARY[parts.suffix])), _BINARY_LIMIT)
    value = value.quantize(_NANO, ROUND_UP, _EXACT)
    return value.copy_negate() if parts.is_negative and value else value


def parse(text: str) -> Decimal:
    """The exact value; raises ValueError in upstream's words."""
    return value_of(read(text))


@lru_cache(8192)
def canonical(text: str) -> str:
    """The canonical form; raises ValueError in upstream's words."""
    if _SMALL.fullmatch(text):
        return text
    parts = read(text)
    value = value_of(parts)
    if parts.suffix in BINARY and abs(value) >= 1024 and value % 1 == 0:
        return _format_binary(int(value))
    return _format_decimal(value, has_exponent=parts.suffix not in DECIMAL and parts.suffix not in BINARY)


def _format_binary(whole: int) -> str:
    power = 0
    while whole % 1024 == 0 and power < len(BINARY):
        whole //= 1024
        power += 1
    return f"{whole}{['', *BINARY][power]}"


def _format_decimal(value: Decimal, *, has_exponent: bool) -> str:
    if not value:
        return "0"
    zeros = value.normalize(_EXACT).as_tuple().exponent
    assert isinstance(zeros, int)
    scale = zeros - zeros % 3
    if not has_exponent:
        scale = min(scale, max(DECIMAL.values()))
    mantissa = int(value.scaleb(-scale, _EXACT))
    if has_exponent:
        return f"{mantissa}e{scale}" if scale else str(mantissa)
    return f"{mantissa}{_SUFFIXES[scale]}"
