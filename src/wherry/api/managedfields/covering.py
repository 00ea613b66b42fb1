"""What an applied object lays claim to: its leaves, the items of its lists and the keys of its free maps."""

from __future__ import annotations

from typing import Any

from wherry.api.managedfields.elements import item_element
from wherry.api.managedfields.sets import EMPTY, LEAF, Fields, level
from wherry.api.schema.nodes import DEDUCED, Node, Sort


def covered(node: Node, obj: Any) -> Fields:
    """The places that an object covers; the structs in which its fields stand are not among them.

    Raises `BadElement`.
    """
    return _covered(node, obj) or EMPTY


def named(node: Node, fields: Fields) -> Fields:
    """A set with every declared field on the way to a member as a member: then a struct can be removed as a whole."""
    below: Fields = dict(fields)
    for step, inner in fields.items():
        if not inner:
            continue
        is_name = step[0] == "f"
        deeper = named((node.child(step[2:]) if is_name else node.item) or DEDUCED, inner)
        if is_name and "." not in deeper and node.is_field(step[2:]):
            deeper = {".": LEAF, **deeper}
        below[step] = deeper
    return below


def _covered(node: Node, value: Any) -> Fields | None:
    """What is covered at a place and below; None for nothing, which is an empty list whose items would be owned."""
    kind = type(value)
    if kind is dict:
        if not value or node.is_atomic or node.sort not in _MAPS:
            return LEAF
        return _covered_map(node, value)
    if kind is list and (node.keys or node.is_set):
        return _covered_list(node, value)
    return LEAF


def _covered_map(node: Node, value: dict[str, Any]) -> Fields | None:
    child, is_field = node.child, node.is_field
    below: Fields = {}
    for name in sorted(value):
        member = value[name]
        kind = type(member)
        inner = _covered(child(name) or DEDUCED, member) if kind is dict or kind is list else LEAF
        if not is_field(name):
            inner = _with_self(inner)
        if inner is not None:
            below["f:" + name] = inner
    return below or None


def _covered_list(node: Node, items: list[Any]) -> Fields | None:
    item_node = node.item or DEDUCED
    below: Fields = {}
    repeated = set()
    for item in items:
        step = item_element(node, item)
        if step in below:
            repeated.add(step)
        else:
            below[step] = _with_self(_covered(item_node, item))
    for step in repeated:
        below[step] = LEAF
    return level(below) or None


def _with_self(inner: Fields | None) -> Fields:
    return {".": LEAF, **inner} if inner else LEAF


_MAPS = (Sort.MAP, Sort.DEDUCED)
