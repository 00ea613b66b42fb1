"""A live object with an applied one laid over it.

Nothing is removed by a merge. Where both have a leaf, the applied one stands. Lists whose items can be told apart are
merged item by item: those that both have come in the applied order, and each item that only the live list has stays
where it was among its neighbours.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from wherry.api.managedfields.comparing import index
from wherry.api.managedfields.elements import item_element
from wherry.api.schema.nodes import DEDUCED, Node, Sort


def merge(node: Node, live: Any, applied: Any) -> Any:
    """The merged value. It shares its parts with the two, which stay as they are. Raises `BadElement`."""
    if type(live) is dict and live and (applied is None or type(applied) is dict):
        if _is_granular_map(node):
            return _merge_maps(node, live, applied) if applied else live
    elif type(live) is list and live and (applied is None or type(applied) is list) and (node.keys or node.is_set):
        return _merge_lists(node, live, applied) if applied else live
    return applied


def _merge_maps(node: Node, live: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    merged = dict(live)
    child = node.child
    for name, value in applied.items():
        before = live.get(name)
        merged[name] = merge(child(name) or DEDUCED, before, value) if type(before) in _CONTAINERS else value
    return merged


def _merge_lists(node: Node, live: list[Any], applied: list[Any]) -> list[Any]:
    live_steps = [item_element(node, item) for item in live]
    applied_items = {item_element(node, item): item for item in applied}
    found = index(node, live)
    item_node = node.item or DEDUCED

    def take(step: str) -> Any:
        olds = found.get(step)
        new = applied_items[step]
        if olds is None:
            return new
        # Items that the live list repeats are no longer told apart: the applied one takes their place.
        return merge(item_node, olds[0] if len(olds) == 1 else None, new)

    merged = []
    for place in _interleave(live_steps, list(applied_items)):
        merged.append(live[place] if isinstance(place, int) else take(place))
    return merged


def _interleave(live: list[str], applied: list[str]) -> list[int | str]:
    """The order of a merged list: positions of items that only the live list has, steps of all applied ones."""
    in_applied, in_live = set(applied), set(live)
    shared = deque(step for step in applied if step in in_live)
    awaited = shared.popleft() if shared else None
    merged: set[str] = set()
    order: list[int | str] = []
    left = right = 0
    while left < len(live) or right < len(applied):
        if left < len(live):
            step = live[left]
            if right < len(applied):
                if step == applied[right]:
                    merged.add(step)
                    order.append(step)
                    left, right = left + 1, right + 1
                    awaited = shared.popleft() if shared else None
                    continue
                if step in in_applied and awaited is not None and step != awaited:
                    left += 1  # It comes later, or has come, where the applied list has it.
                    continue
            if step not in in_applied:
                order.append(left)
                left += 1
                continue
            if step in merged:
                left += 1
        if right < len(applied):
            step = applied[right]
            merged.add(step)
            order.append(step)
            right += 1
            if step == awaited:
                awaited = shared.popleft() if shared else None
    return order


_CONTAINERS = (dict, list)


def _is_granular_map(node: Node) -> bool:
    return (node.sort is Sort.MAP and not node.is_atomic) or node.sort is Sort.DEDUCED
