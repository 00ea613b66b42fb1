"""The order of a merged list.

Items that the wanted order names stand in that order. The others, which the writer of the patch did not know, stand in
the order in which they were before, and each goes in front of a named item only if it was in front of it before.
"""

from __future__ import annotations

import json
from typing import Any


def merge_orders(merged: list[Any], wanted: list[Any], before: list[Any], merge_key: str) -> list[Any]:
    """`merged` in its right order. Items are compared by `merge_key`, or as they are when it is empty."""
    named_places = _places(wanted, merge_key)
    if not named_places:
        return merged
    old_places = _places(before, merge_key)
    if _is_in_order(merged, old_places, named_places, merge_key):
        return merged
    named: list[Any] = []
    others: list[Any] = []
    for item in merged:
        (named if _identity(item, merge_key) in named_places else others).append(item)
    named.sort(key=lambda item: named_places[_identity(item, merge_key)])
    others.sort(key=lambda item: old_places.get(_identity(item, merge_key), len(before)))
    result: list[Any] = []
    waiting = 0
    for item in named:
        place = old_places.get(_identity(item, merge_key))
        while place is not None and waiting < len(others):
            other = old_places.get(_identity(others[waiting], merge_key))
            if other is None or other > place:
                break
            result.append(others[waiting])
            waiting += 1
        result.append(item)
    return result + others[waiting:]


def _is_in_order(merged: list[Any], old_places: dict[Any, int], named_places: dict[Any, int], merge_key: str) -> bool:
    """Whether nothing came or went, and what is named stands as named already: of nearly all statuses."""
    if len(old_places) != len(merged):
        return False
    last = -1
    for index, item in enumerate(merged):
        identity = _identity(item, merge_key)
        if old_places.get(identity) != index:
            return False
        place = named_places.get(identity, last)
        if place < last:
            return False
        last = place
    return True


def _places(items: list[Any], merge_key: str) -> dict[Any, int]:
    places: dict[Any, int] = {}
    for index, item in enumerate(items):
        places.setdefault(_identity(item, merge_key), index)
    return places


def _identity(item: Any, merge_key: str) -> Any:
    value = item.get(merge_key) if merge_key and isinstance(item, dict) else item
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value
