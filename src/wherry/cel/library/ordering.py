"""How values that libraries meet in lists compare, and how they are found again: `compare` and `freeze`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from wherry.cel.values import Duration, Optional, Timestamp, Uint, to_key

_NUMBERS = frozenset((int, float, Uint))
COMPARABLE = frozenset((bool, int, float, Uint, str, bytes, Timestamp, Duration))
"""The Python classes of values that have an order."""


def compare(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None if they have no order: of different kinds, NaN, lists, maps."""
    kind, other = type(left), type(right)
    if kind not in COMPARABLE or (kind is not other and not (kind in _NUMBERS and other in _NUMBERS)):
        return None
    if left < right:
        return -1
    if left > right:
        return 1
    return 0 if left == right else None


def freeze(value: Any) -> Hashable:
    """What stands for a value in a Python set: equal for values that CEL calls equal, and only for them.

    So a list of n values is searched for m others in n + m steps and not in n * m.
    """
    kind = type(value)
    if kind is list:
        return (list, *map(freeze, value))
    if kind is dict:
        return (dict, frozenset((key, freeze(item)) for key, item in value.items()))
    if kind is Optional:
        return (Optional, freeze(value.value)) if value.has_value else (Optional,)
    if kind is float and value != value:
        return _NotANumber()
    frozen: Hashable = to_key(value)
    return frozen


class _NotANumber:
    """NaN: equal to nothing, so each has its own identity."""

    __slots__ = ()
