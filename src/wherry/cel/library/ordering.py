"""How values that libraries meet in lists compare. (How they are found again: `operations.hashable`.)"""

from __future__ import annotations

from typing import Any

from wherry.cel.values import Duration, Timestamp, Uint

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
