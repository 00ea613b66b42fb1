"""An object without some of its places."""

from __future__ import annotations

from typing import Any

from wherry.api.managedfields.elements import item_element
from wherry.api.managedfields.sets import Fields, is_member
from wherry.api.schema.nodes import DEDUCED, Node, Sort


def remove(node: Node, value: Any, fields: Fields) -> Any:
    """The value without the members of a set; a container that loses all it has becomes None.

    The result shares its parts with the value, which stays as it is. Raises `BadElement`.
    """
    if not fields:
        return value
    if type(value) is dict and node.sort in _MAPS:
        return None if node.is_atomic else _remove_members(node, value, fields)
    if type(value) is list and node.sort in _LISTS:
        return _remove_items(node, value, fields) if node.keys or node.is_set else None
    return value


def _remove_members(node: Node, value: dict[str, Any], fields: Fields) -> dict[str, Any] | None:
    rest: dict[str, Any] = {}
    for name, member in value.items():
        below = fields.get("f:" + name)
        if below is None:
            rest[name] = member
        elif not is_member(below):
            rest[name] = remove(node.child(name) or DEDUCED, member, below)
    return rest or None


def _remove_items(node: Node, items: list[Any], fields: Fields) -> list[Any] | None:
    rest = []
    for item in items:
        below = fields.get(item_element(node, item))
        if below is None:
            rest.append(item)
        elif not is_member(below):
            rest.append(remove(node.item or DEDUCED, item, below))
    return rest or None


_MAPS = (Sort.MAP, Sort.DEDUCED)
_LISTS = (Sort.LIST, Sort.DEDUCED)
