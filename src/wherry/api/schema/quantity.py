"""Quantities in their canonical form: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`.

Upstream parses quantities when it decodes and formats them when it encodes, so a client reads back the canonical form.
The rule: no fraction, and the largest suffix of the same family (decimal, binary, exponent) that needs none; at most
nano precision, rounded up. Numbers without a suffix are decimal; so is what is binary but small or not whole.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache

WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
WRONG_SUFFIX = "unable to parse quantity's suffix"

_PLAUSIBLE = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
_EXPONENT = re.compile(r"[eE][+-]?[0-9]+")
_SMALL = re.compile(r"0|[1-9][0-9]{0,2}")

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_EXACT = Context(prec=120)
_LIMIT = Decimal(2**63 - 1)
_NANO = Decimal(1).scaleb(-9)


@lru_cache(8192)
def canonical(text: str) -> str:
    """The canonical form; raises ValueError in upstream's words."""
    if _SMALL.fullmatch(text):
        return text
    value, suffix = _parse(text)
    if suffix in _BINARY and abs(value) >= 1024 and value % 1 == 0:
        return _format_binary(int(value))
    exponent = _EXPONENT.fullmatch(suffix) is not None
    return _format_decimal(value, exponent)


def parse(text: str) -> Decimal:
    """The exact value; raises ValueError in upstream's words."""
    return _parse(text)[0]


def _parse(text: str) -> tuple[Decimal, str]:
    match = _PLAUSIBLE.fullmatch(text)
    if match is None or _NUMBER.fullmatch(match[1]) is None:
        raise ValueError(WRONG_FORMAT)
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _DECIMAL:
        value = number.scaleb(_DECIMAL[suffix], _EXACT)
    elif suffix in _BINARY:
        value = _EXACT.multiply(number, Decimal(1024 ** _BINARY[suffix]))
    elif _EXPONENT.fullmatch(suffix) and abs(int(suffix[1:])) < 1000:
        value = number.scaleb(int(suffix[1:]), _EXACT)
    else:
        raise ValueError(WRONG_SUFFIX)
    if abs(value) > _LIMIT:
        value = _LIMIT.copy_sign(value)
    return value.quantize(_NANO, ROUND_UP, _EXACT), suffix


def _format_binary(whole: int) -> str:
    power = 0
    while whole % 1024 == 0 and power < 6:
        whole //= 1024
        power += 1
    return f"{whole}{['', *_BINARY][power]}"


def _format_decimal(value: Decimal, exponent: bool) -> str:
    if not value:
        return "0"
    scale = next(power for power in range(18, -10, -3) if value.scaleb(-power, _EXACT) % 1 == 0)
    mantissa = int(value.scaleb(-scale, _EXACT))
    if exponent:
        return f"{mantissa}e{scale}" if scale else str(mantissa)
    suffix = next(name for name, power in _DECIMAL.items() if power == scale)
    return f"{mantissa}{suffix}"
