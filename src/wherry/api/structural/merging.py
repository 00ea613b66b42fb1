"""How the values of a custom kind merge, by place: its shapes as the nodes of server-side apply."""

from __future__ import annotations

from typing import Any

from wherry.api.schema.nodes import DEDUCED, Node, Scalar, Sort
from wherry.api.schema.structnodes import struct_node
from wherry.api.structural.shape import Shape

_STRING = Node(Sort.SCALAR, scalar=Scalar.STRING)
_SCALARS = {
    "integer": Node(Sort.SCALAR, scalar=Scalar.NUMERIC),
    "number": Node(Sort.SCALAR, scalar=Scalar.NUMERIC),
    "boolean": Node(Sort.SCALAR, scalar=Scalar.BOOLEAN),
}
_FORMATTED = Node(Sort.SCALAR)
_META = frozenset({"apiVersion", "kind", "metadata"})


def root_node(shape: Shape) -> Node:
    """The place of a whole object: what every object has is known, whatever its schema says of it."""
    return _map_node(shape, shape.preserves_unknown, is_resource=True)


def _node(shape: Shape, keeps_unknown: bool) -> Node:
    keeps_unknown = keeps_unknown or shape.preserves_unknown
    if shape.type == "object":
        return _map_node(shape, keeps_unknown, is_resource=shape.embedded)
    if shape.type == "array":
        return _list_node(shape, keeps_unknown)
    if shape.type == "string":
        return _STRING if shape.format in ("", "byte") else _FORMATTED
    return _SCALARS.get(shape.type, DEDUCED)


def _map_node(shape: Shape, keeps_unknown: bool, *, is_resource: bool) -> Node:
    children = _Children(shape, keeps_unknown, is_resource)
    fields = frozenset(shape.properties).union(_META) if is_resource else frozenset(shape.properties)
    return Node(
        Sort.MAP, is_atomic=shape.map_type == "atomic", child=children.__getitem__, is_field=fields.__contains__
    )


class _Children(dict[str, Node | None]):
    """The places below one; those of properties are made when first asked for and remembered."""

    __slots__ = ("_is_resource", "_keeps_unknown", "_rest", "_shape")

    def __init__(self, shape: Shape, keeps_unknown: bool, is_resource: bool) -> None:
        super().__init__()
        self._shape = shape
        self._keeps_unknown = keeps_unknown
        self._is_resource = is_resource
        self._rest: Node | None = None

    def __missing__(self, name: str) -> Node | None:
        if self._is_resource and name in _META:
            node = struct_node("meta.v1.ObjectMeta") if name == "metadata" else _STRING
        elif (inner := self._shape.properties.get(name)) is not None:
            node = _node(inner, self._keeps_unknown)
        else:
            return self._unknown()
        self[name] = node
        return node

    def _unknown(self) -> Node | None:
        shape = self._shape
        if isinstance(shape.additional, Shape):
            if self._rest is None:
                self._rest = _node(shape.additional, self._keeps_unknown)
            return self._rest
        if shape.additional is not None:
            return DEDUCED if shape.additional else None
        is_free = not shape.properties and not self._is_resource
        return DEDUCED if self._keeps_unknown or is_free else None


def _list_node(shape: Shape, keeps_unknown: bool) -> Node:
    item = None if shape.items is None else _node(shape.items, keeps_unknown)
    keys = shape.list_keys if shape.list_type == "map" else ()
    return Node(
        Sort.LIST, keys=keys, key_defaults=_key_defaults(shape, keys), is_set=shape.list_type == "set", item=item
    )


def _key_defaults(shape: Shape, keys: tuple[str, ...]) -> dict[str, Any]:
    found = {key: shape.items.properties.get(key) for key in keys} if shape.items is not None else {}
    return {key: inner.default for key, inner in found.items() if inner is not None and inner.default is not None}
