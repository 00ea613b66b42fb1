"""Values that are a number or a percentage: `maxSurge: 25%`, `minAvailable: 2`."""

from __future__ import annotations

import re

from wherry.api.field import FieldError, invalid
from wherry.api.meta.names import pattern_text

_PERCENT = re.compile(r"[0-9]+%\Z")
_PERCENT_TEXT = pattern_text(
    "a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%"
)

IntOrString = int | str


def is_percent(value: IntOrString) -> bool:
    return isinstance(value, str) and _PERCENT.match(value) is not None


def scaled(value: IntOrString, total: int, round_up: bool) -> int:
    """A number as it is, a percentage of `total`; raises ValueError for other strings."""
    if isinstance(value, int):
        return value
    if not _PERCENT.match(value):
        raise ValueError(f'invalid value for IntOrString: invalid type: string is not a percentage: "{value}"')
    product = _percent(value) * total
    return -(-product // 100) if round_up else product // 100


def validate_positive(value: IntOrString, path: str) -> list[FieldError]:
    """A number that is not negative, or a well-formed percentage."""
    if isinstance(value, str):
        return [] if _PERCENT.match(value) else [invalid(path, value, _PERCENT_TEXT)]
    return [] if value >= 0 else [invalid(path, value, "must be greater than or equal to 0")]


def validate_at_most_100(value: IntOrString, path: str) -> list[FieldError]:
    """A percentage must not exceed 100%."""
    if is_percent(value) and _percent(str(value)) > 100:
        return [invalid(path, value, "must not be greater than 100%")]
    return []


def as_count(value: IntOrString) -> int:
    """The number; percentages count as their number (upstream's `getIntOrPercentValue`)."""
    return value if isinstance(value, int) else _percent(value) if is_percent(value) else 0


def _percent(value: str) -> int:
    """The number of a percentage. As far as anybody counts, all that are longer than 18 digits are the same."""
    return int(value[:-1]) if len(value) <= 19 else 10**18
